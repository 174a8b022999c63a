#include "policy/internal/type_problems.h"

#include <ranges>
#include <string>
#include <utility>

#include "policy/internal/nearest.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::string_view name_of(Variable variable) {
  switch (variable) {
    case Variable::kPrincipal:
      return "principal";
    case Variable::kAction:
      return "action";
    case Variable::kResource:
      return "resource";
    case Variable::kContext:
      break;
  }
  return "context";
}

// `principal.manager`, where an expression is that simple; nothing where it is not.
std::string path_text(const Expr& expr) {
  constexpr std::size_t kMaxSteps = 8;
  std::string text;
  const Expr* step = &expr;
  for (std::size_t i = 0; i < kMaxSteps; ++i) {
    if (step->kind == ExprKind::kVariable) return std::string(name_of(static_cast<Variable>(step->number))) + text;
    if (step->kind != ExprKind::kGetAttr || !is_identifier_shape(step->text)) break;
    text = "." + step->text + text;
    step = &step->children[0];
  }
  return {};
}

}  // namespace

// Two reasons of one number would both be of one policy, which is wrong for either.
bool TypeProblems::is_new(NodeId at, TypeId one, TypeId other) {
  const std::uint64_t types = (std::uint64_t{one} * 0x9e3779b97f4a7c15u) ^ other;
  return !full() && told_.insert((types << 20) ^ at).second;
}

void TypeProblems::add(NodeId at, std::string message) {
  problems_.push_back({.message = std::move(message), .where = nodes_[at].from->where});
}

// In which requests, as far as it is not the same in all.
std::string TypeProblems::where(VariableSet dependent) const {
  const auto has = [](VariableSet set, Variable variable) { return set.test(static_cast<std::size_t>(variable)); };
  std::string text;
  const auto say = [&](Variable variable, const std::string& what) {
    text += (text.empty() ? ", where " : ", ") + std::string(name_of(variable)) + " is " + what;
  };
  const auto type = [&](std::uint32_t number) { return "of type " + shown(index_.entity_types()[number].name); };
  const bool on_action = has(dependent, Variable::kAction) || has(dependent, Variable::kContext);
  dependent &= varying_;
  if (has(dependent, Variable::kPrincipal)) say(Variable::kPrincipal, type(environment_.principal));
  if (on_action && has(varying_, Variable::kAction)) {
    say(Variable::kAction, shown(to_string(index_.actions()[environment_.action].declared->uid)));
  }
  if (has(dependent, Variable::kResource)) say(Variable::kResource, type(environment_.resource));
  return text;
}

std::string TypeProblems::described(TypeId type) const {
  return "`" + index_.types().describe(type) + "`";
}

void TypeProblems::unexpected(NodeId at, std::string_view wanted, TypeId found, std::string_view help) {
  if (!is_new(at, found)) return;
  std::string message = "expected " + std::string(wanted) + ", found " + described(found);
  message += where(nodes_[at].variables);
  if (!help.empty()) message += "; " + std::string(help);
  add(at, std::move(message));
}

// Whose attribute it is that is accessed.
std::string TypeProblems::owner(const PolicyNode& access, TypeId on) const {
  if (index_.types().kind(on) == TypeTable::Kind::kEntity) return "entity type " + described(on);
  const std::string path = access.kind == NodeKind::kGetAttr ? path_text(*nodes_[access.a].from) : std::string();
  return path.empty() ? "record" : "record `" + path + "`";
}

void TypeProblems::no_attribute(NodeId access, TypeId on) {
  if (!is_new(access, on)) return;
  const PolicyNode& node = nodes_[access];
  const std::string_view name = index_.names().text(node.value);
  const auto names =
      index_.types().attributes(index_.attributes_of(on)) |
      std::views::transform([&](const TypeTable::Attribute& attribute) { return index_.names().text(attribute.name); });
  const bool entity = index_.types().kind(on) == TypeTable::Kind::kEntity;
  add(access, owner(node, on) + " has no attribute " + shown(name) + where(entity ? VariableSet() : node.variables) +
                  suggestions_.did_you_mean(name, names));
}

void TypeProblems::attribute_may_be_missing(NodeId access, TypeId on) {
  if (!is_new(access, on)) return;
  const PolicyNode& node = nodes_[access];
  const std::string name(index_.names().text(node.value));
  const bool entity = index_.types().kind(on) == TypeTable::Kind::kEntity;
  std::string message = "attribute " + shown(name) + " of " + owner(node, on) + " is optional" +
                        where(entity ? VariableSet() : node.variables) + "; ask first whether it is there";
  const std::string path = path_text(*nodes_[node.a].from);
  if (!path.empty() && is_identifier(name)) message += ": `" + path + " has " + name + " && …`";
  add(access, std::move(message));
}

void TypeProblems::no_tags(NodeId access, TypeId on) {
  if (is_new(access, on)) add(access, "entity type " + described(on) + " has no tags in the schema");
}

void TypeProblems::tag_may_be_missing(NodeId access) {
  if (!is_new(access)) return;
  add(access, "the tag may be missing; ask first with `hasTag`, of the same entity and for the same name");
}

void TypeProblems::no_common_type(NodeId at, std::string_view what, TypeId one, TypeId other) {
  if (!is_new(at, one, other)) return;
  using Kind = TypeTable::Kind;
  const Kind kind = index_.types().kind(one);
  std::string message = std::string(what) + " must have one type, found " + described(one) + " and " +
                        described(other) + where(nodes_[at].variables);
  if (kind == Kind::kRecord && index_.types().kind(other) == Kind::kRecord) {
    message += "; records agree when they have the same attributes, each required in both or optional in both";
  }
  add(at, std::move(message));
}

void TypeProblems::empty_set(NodeId at) {
  if (is_new(at)) add(at, "an empty set has no type, so it cannot be validated; `isEmpty()` asks whether one is empty");
}

void TypeProblems::unknown_function(NodeId call) {
  if (is_new(call)) add(call, "there is no function " + shown(nodes_[call].from->name));
}

void TypeProblems::wrong_argument_count(NodeId call) {
  if (!is_new(call)) return;
  const PolicyNode& node = nodes_[call];
  const FunctionInfo& function = info(static_cast<Function>(node.value));
  const std::size_t receiver = function.method ? 1 : 0;
  const std::size_t found = node.size < receiver ? 0 : node.size - receiver;
  const std::size_t expected = function.arity - receiver;
  add(call, shown(function.name) + " takes " + std::to_string(expected) + (expected == 1 ? " argument" : " arguments") +
                ", found " + std::to_string(found));
}

void TypeProblems::argument_is_no_literal(NodeId call) {
  if (!is_new(call)) return;
  add(call, shown(nodes_[call].from->name) + " must be given a string literal; what is computed or comes with the " +
                "request can be checked only where it is made");
}

void TypeProblems::unreadable_argument(NodeId call, std::string_view why) {
  if (is_new(call)) add(call, std::string(why));
}

void TypeProblems::unknown_value(NodeId at) {
  if (is_new(at)) add(at, "what is not known yet cannot be validated");
}

}  // namespace redoubt::policy::internal
