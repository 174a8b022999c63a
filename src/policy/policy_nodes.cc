#include "policy/internal/policy_nodes.h"

#include <algorithm>
#include <utility>

namespace redoubt::policy::internal {
namespace {

std::size_t mix(std::size_t hash, std::size_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

// How many of a, b and c are operands.
int operand_count(NodeKind kind) {
  switch (kind) {
    case NodeKind::kBool:
    case NodeKind::kLong:
    case NodeKind::kString:
    case NodeKind::kEntity:
    case NodeKind::kVariable:
    case NodeKind::kUnknown:
    case NodeKind::kSet:
    case NodeKind::kRecord:
    case NodeKind::kCall:
      return 0;
    case NodeKind::kNot:
    case NodeKind::kNegate:
    case NodeKind::kGetAttr:
    case NodeKind::kHas:
    case NodeKind::kHasPath:
    case NodeKind::kLike:
    case NodeKind::kIs:
    case NodeKind::kIsEmpty:
      return 1;
    case NodeKind::kIf:
      return 3;
    default:
      return 2;
  }
}

bool is_negated(ExprKind kind) {
  return kind == ExprKind::kNotEqual || kind == ExprKind::kGreater || kind == ExprKind::kGreaterEqual;
}

// What tells operators of one kind apart.
std::uint32_t operator_value(ExprKind kind) {
  switch (kind) {
    case ExprKind::kLessEqual:
    case ExprKind::kGreater:
      return 1;
    case ExprKind::kAdd:
    case ExprKind::kSubtract:
    case ExprKind::kMultiply:
    case ExprKind::kContainsAll:
      return static_cast<std::uint32_t>(kind);
    default:
      return 0;
  }
}

NodeKind binary_kind(ExprKind kind) {
  switch (kind) {
    case ExprKind::kOr:
      return NodeKind::kOr;
    case ExprKind::kAnd:
      return NodeKind::kAnd;
    case ExprKind::kEqual:
    case ExprKind::kNotEqual:  // a != b is !(a == b)
      return NodeKind::kEqual;
    case ExprKind::kLess:
    case ExprKind::kLessEqual:
    case ExprKind::kGreater:       // a > b is !(a <= b)
    case ExprKind::kGreaterEqual:  // a >= b is !(a < b)
      return NodeKind::kLess;
    case ExprKind::kIn:
      return NodeKind::kIn;
    case ExprKind::kContains:
      return NodeKind::kContains;
    case ExprKind::kContainsAll:
    case ExprKind::kContainsAny:
      return NodeKind::kContainsSet;
    case ExprKind::kGetTag:
      return NodeKind::kGetTag;
    case ExprKind::kHasTag:
      return NodeKind::kHasTag;
    default:
      return NodeKind::kArithmetic;
  }
}

// What a node says besides its operands, where its own fields do not tell.
bool same_content(const PolicyNode& a, const PolicyNode& b) {
  switch (a.kind) {
    case NodeKind::kBool:
    case NodeKind::kLong:
      return a.from->number == b.from->number;
    case NodeKind::kString:
    case NodeKind::kUnknown:
      return a.from->text == b.from->text;
    case NodeKind::kEntity:
      return a.from->text == b.from->text && a.from->name == b.from->name;
    case NodeKind::kIs:
    case NodeKind::kIsIn:
    case NodeKind::kCall:
      return a.from->name == b.from->name;
    case NodeKind::kLike:
      return a.from->pattern == b.from->pattern;
    default:
      return true;
  }
}

}  // namespace

PolicyNodes::PolicyNodes(SchemaIndex& index, const Policy& policy) : index_(index), known_(64, Hash{this}, Same{this}) {
  for (const Condition& condition : policy.conditions) {
    const NodeId body = read(condition.body);
    conditions_.push_back(condition.unless ? add({.kind = NodeKind::kNot, .a = body, .from = &condition.body}) : body);
    variables_ |= nodes_[body].variables;
  }
}

// Operands are compared by what they say, so only nodes themselves are hashed, not trees.
std::size_t PolicyNodes::Hash::operator()(NodeId id) const {
  const PolicyNode& node = nodes->nodes_[id];
  const auto same = [&](NodeId operand) { return nodes->nodes_[operand].same; };
  std::size_t hash = mix(static_cast<std::size_t>(node.kind) + 1, node.value);
  const int operands = operand_count(node.kind);
  if (operands > 0) hash = mix(hash, same(node.a));
  if (operands > 1) hash = mix(hash, same(node.b));
  if (operands > 2) hash = mix(hash, same(node.c));
  for (const NodeId element : nodes->list(node)) hash = mix(hash, same(element));
  if (operands > 0 || node.size > 0) return hash;
  return mix(mix(hash, static_cast<std::size_t>(node.from->number)), std::hash<std::string_view>{}(node.from->text));
}

bool PolicyNodes::Same::operator()(NodeId first, NodeId second) const {
  const PolicyNode& x = nodes->nodes_[first];
  const PolicyNode& y = nodes->nodes_[second];
  if (x.kind != y.kind || x.value != y.value || x.size != y.size || !same_content(x, y)) return false;
  const auto same = [&](NodeId a, NodeId b) { return nodes->nodes_[a].same == nodes->nodes_[b].same; };
  const int operands = operand_count(x.kind);
  if (operands > 0 && !same(x.a, y.a)) return false;
  if (operands > 1 && !same(x.b, y.b)) return false;
  if (operands > 2 && !same(x.c, y.c)) return false;
  if (!std::ranges::equal(nodes->list(x), nodes->list(y), same)) return false;
  return x.kind != NodeKind::kRecord || std::ranges::equal(nodes->names(x), nodes->names(y));
}

std::size_t PolicyNodes::CapabilityHash::operator()(const Capability& capability) const {
  return mix(mix(capability.tag ? 2 : 1, capability.on), capability.name);
}

// Nodes

NodeId PolicyNodes::add(PolicyNode node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  const int operands = operand_count(node.kind);
  if (operands > 0) node.variables |= nodes_[node.a].variables;
  if (operands > 1) node.variables |= nodes_[node.b].variables;
  if (operands > 2) node.variables |= nodes_[node.c].variables;
  for (const NodeId element : list(node)) node.variables |= nodes_[element].variables;
  nodes_.push_back(node);
  nodes_[id].same = id;
  nodes_[id].same = *known_.insert(id).first;
  return id;
}

NodeId PolicyNodes::add_list(PolicyNode node, std::span<const NodeId> list, std::span<const std::uint32_t> names) {
  node.list = static_cast<std::uint32_t>(lists_.size());
  node.size = static_cast<std::uint32_t>(list.size());
  lists_.insert(lists_.end(), list.begin(), list.end());
  lists_.insert(lists_.end(), names.begin(), names.end());
  return add(node);
}

NodeId PolicyNodes::add_access(NodeKind kind, NodeId operand, std::string_view name, const Expr& from) {
  const std::uint32_t name_id = index_.names().id(name);
  return add(
      {.kind = kind, .value = name_id, .extra = attribute_capability(operand, name_id), .a = operand, .from = &from});
}

std::uint32_t PolicyNodes::attribute_capability(NodeId on, std::uint32_t name) {
  return capabilities_.try_emplace({false, nodes_[on].same, name}, capability_count()).first->second;
}

std::uint32_t PolicyNodes::tag_capability(NodeId on, NodeId tag) {
  return capabilities_.try_emplace({true, nodes_[on].same, nodes_[tag].same}, capability_count()).first->second;
}

// Expressions

NodeId PolicyNodes::read(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kHas:
      return read_has(expr);
    case ExprKind::kIs:
      return read_is(expr);
    case ExprKind::kSet:
    case ExprKind::kCall:
      return read_list(expr);
    case ExprKind::kRecord:
      return read_record(expr);
    case ExprKind::kIf: {
      const NodeId test = read(expr.children[0]);
      const NodeId then = read(expr.children[1]);
      return add({.kind = NodeKind::kIf, .a = test, .b = then, .c = read(expr.children[2]), .from = &expr});
    }
    default:
      if (expr.children.empty()) return read_leaf(expr);
      return expr.children.size() == 1 ? read_unary(expr) : read_binary(expr);
  }
}

NodeId PolicyNodes::read_leaf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kBool:
      return add({.kind = NodeKind::kBool, .from = &expr});
    case ExprKind::kLong:
      return add({.kind = NodeKind::kLong, .from = &expr});
    case ExprKind::kString:
      return add({.kind = NodeKind::kString, .from = &expr});
    case ExprKind::kEntity:
      return add({.kind = NodeKind::kEntity,
                  .value = index_.entity_type(expr.name),
                  .extra = index_.action(expr.name, expr.text),
                  .from = &expr});
    case ExprKind::kVariable:
      return add({.kind = NodeKind::kVariable,
                  .value = static_cast<std::uint32_t>(expr.number),
                  .variables = VariableSet(1u << expr.number),
                  .from = &expr});
    default:  // no reader makes slots here
      return add({.kind = NodeKind::kUnknown, .from = &expr});
  }
}

NodeId PolicyNodes::read_unary(const Expr& expr) {
  const NodeId operand = read(expr.children[0]);
  switch (expr.kind) {
    case ExprKind::kNot:
      return add({.kind = NodeKind::kNot, .a = operand, .from = &expr});
    case ExprKind::kNegate:
      return add({.kind = NodeKind::kNegate, .a = operand, .from = &expr});
    case ExprKind::kLike:
      return add({.kind = NodeKind::kLike, .a = operand, .from = &expr});
    case ExprKind::kIsEmpty:
      return add({.kind = NodeKind::kIsEmpty, .a = operand, .from = &expr});
    default:
      return add_access(NodeKind::kGetAttr, operand, expr.text, expr);
  }
}

NodeId PolicyNodes::read_binary(const Expr& expr) {
  PolicyNode node{.kind = binary_kind(expr.kind), .value = operator_value(expr.kind), .from = &expr};
  node.a = read(expr.children[0]);
  node.b = read(expr.children[1]);
  // The reference makes one literal of `&&` and `||` between two, which then compares as one.
  const bool literals = nodes_[node.a].kind == NodeKind::kBool && nodes_[node.b].kind == NodeKind::kBool;
  if (literals && (node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr)) {
    return (nodes_[node.a].from->number != 0) == (node.kind == NodeKind::kAnd) ? node.b : node.a;
  }
  if (node.kind == NodeKind::kHasTag || node.kind == NodeKind::kGetTag) node.extra = tag_capability(node.a, node.b);
  const NodeId binary = add(node);
  return is_negated(expr.kind) ? add({.kind = NodeKind::kNot, .a = binary, .from = &expr}) : binary;
}

// `e has a.b.c` says the same as `e has a && e.a has b && e.a.b has c`, with one `e`.
NodeId PolicyNodes::read_has(const Expr& expr) {
  const NodeId operand = read(expr.children[0]);
  std::vector<NodeId> steps{add_access(NodeKind::kHas, operand, expr.path.front(), expr)};
  if (expr.path.size() == 1) return steps.front();
  NodeId all = steps.front();
  NodeId base = operand;
  for (std::size_t i = 1; i < expr.path.size(); ++i) {
    base = add_access(NodeKind::kGetAttr, base, expr.path[i - 1], expr);
    steps.push_back(add_access(NodeKind::kHas, base, expr.path[i], expr));
    all = add({.kind = NodeKind::kAnd, .a = all, .b = steps.back(), .from = &expr});
  }
  const NodeId path = add_list({.kind = NodeKind::kHasPath, .a = operand, .from = &expr}, steps);
  nodes_[path].same = nodes_[all].same;
  return path;
}

// `e is T in x` says the same as `e is T && e in x`, with one `e`.
NodeId PolicyNodes::read_is(const Expr& expr) {
  const NodeId operand = read(expr.children[0]);
  const std::uint32_t type = index_.entity_type(expr.name);
  const NodeId is = add({.kind = NodeKind::kIs, .value = type, .a = operand, .from = &expr});
  if (expr.children.size() == 1) return is;
  const NodeId ancestor = read(expr.children[1]);
  const NodeId in = add({.kind = NodeKind::kIn, .a = operand, .b = ancestor, .from = &expr});
  const NodeId both = add({.kind = NodeKind::kAnd, .a = is, .b = in, .from = &expr});
  const NodeId is_in = add({.kind = NodeKind::kIsIn, .value = type, .a = operand, .b = ancestor, .from = &expr});
  nodes_[is_in].same = nodes_[both].same;
  return is_in;
}

NodeId PolicyNodes::read_list(const Expr& expr) {
  std::vector<NodeId> elements;
  elements.reserve(expr.children.size());
  for (const Expr& child : expr.children) elements.push_back(read(child));
  if (expr.kind == ExprKind::kSet) return add_list({.kind = NodeKind::kSet, .from = &expr}, elements);
  const auto function = find_function(expr.name);
  return add_list({.kind = NodeKind::kCall,
                   .value = function ? static_cast<std::uint32_t>(*function) : kNotDeclared,
                   .from = &expr},
                  elements);
}

// By name, so that the order in which attributes are written makes no difference.
NodeId PolicyNodes::read_record(const Expr& expr) {
  std::vector<std::pair<std::uint32_t, NodeId>> members;
  for (std::size_t i = 0; i < expr.children.size(); ++i) {
    members.emplace_back(index_.names().id(expr.path[i]), read(expr.children[i]));
  }
  std::ranges::sort(members);
  std::vector<NodeId> values;
  std::vector<std::uint32_t> names;
  for (const auto& [name, value] : members) {
    names.push_back(name);
    values.push_back(value);
  }
  return add_list({.kind = NodeKind::kRecord, .from = &expr}, values, names);
}

}  // namespace redoubt::policy::internal
