// The types of entities, of what operators give, and of functions.
#include <algorithm>
#include <span>

#include "policy/internal/typechecker.h"

namespace redoubt::policy::internal {
namespace {

using Kind = TypeTable::Kind;

constexpr TypeId kDecimalType = extension_type(ExtensionType::kDecimal);
constexpr TypeId kIpType = extension_type(ExtensionType::kIp);
constexpr TypeId kDatetimeType = extension_type(ExtensionType::kDatetime);
constexpr TypeId kDurationType = extension_type(ExtensionType::kDuration);

constexpr bool is_ordered(TypeId type) {
  return type == kLongType || type == kDatetimeType || type == kDurationType;
}

struct Signature {
  TypeId first = kNoType;
  TypeId second = kNoType;
  TypeId result = kNoType;
};

constexpr Signature signature(Function function) {
  switch (function) {
    case Function::kDecimal:
      return {kStringType, kNoType, kDecimalType};
    case Function::kIp:
      return {kStringType, kNoType, kIpType};
    case Function::kDatetime:
      return {kStringType, kNoType, kDatetimeType};
    case Function::kDuration:
      return {kStringType, kNoType, kDurationType};
    case Function::kLessThan:
    case Function::kLessThanOrEqual:
    case Function::kGreaterThan:
    case Function::kGreaterThanOrEqual:
      return {kDecimalType, kDecimalType, kBoolType};
    case Function::kIsIpv4:
    case Function::kIsIpv6:
    case Function::kIsLoopback:
    case Function::kIsMulticast:
      return {kIpType, kNoType, kBoolType};
    case Function::kIsInRange:
      return {kIpType, kIpType, kBoolType};
    case Function::kOffset:
      return {kDatetimeType, kDurationType, kDatetimeType};
    case Function::kDurationSince:
      return {kDatetimeType, kDatetimeType, kDurationType};
    case Function::kToDate:
      return {kDatetimeType, kNoType, kDatetimeType};
    case Function::kToTime:
      return {kDatetimeType, kNoType, kDurationType};
    case Function::kToMilliseconds:
    case Function::kToSeconds:
    case Function::kToMinutes:
    case Function::kToHours:
    case Function::kToDays:
      break;
  }
  return {kDurationType, kNoType, kLongType};
}

}  // namespace

// Entities

TypeId Typechecker::check_variable(const PolicyNode& node) const {
  switch (static_cast<Variable>(node.value)) {
    case Variable::kPrincipal:
      return index_.entity_types()[environment_.principal].type;
    case Variable::kResource:
      return index_.entity_types()[environment_.resource].type;
    case Variable::kAction:
      return index_.entity_types()[index_.actions()[environment_.action].type].type;
    case Variable::kContext:
      break;
  }
  return index_.actions()[environment_.action].context;
}

// Types and actions that the schema does not have are told elsewhere: they are wrong where nothing is checked, too.
TypeId Typechecker::check_entity(const PolicyNode& node) const {
  if (node.value == kNotDeclared) return kNoType;
  const SchemaIndex::EntityTypeInfo& info = index_.entity_types()[node.value];
  return info.declared == nullptr && node.extra == kNotDeclared ? kNoType : info.type;
}

TypeId Typechecker::check_is(const PolicyNode& node) {
  const TypeId type = entity_of(node.a, "`is` asks for the type of an entity only");
  return type == kNoType ? kNoType : boolean_type(types_.entity_type(type) == node.value);
}

TypeId Typechecker::check_is_in(const PolicyNode& node) {
  const TypeId type = entity_of(node.a, "`is` asks for the type of an entity only");
  if (type == kNoType) return kNoType;
  if (types_.entity_type(type) != node.value) return kFalseType;
  const TypeId ancestors = ancestors_of(node.b);
  return ancestors == kNoType ? kNoType : type_of_in(node.a, type, node.b, ancestors);
}

TypeId Typechecker::check_in(const PolicyNode& node) {
  const TypeId type = entity_of(node.a, "`contains` asks whether a set has an element");
  const TypeId ancestors = ancestors_of(node.b);
  if (type == kNoType || ancestors == kNoType) return kNoType;
  return type_of_in(node.a, type, node.b, ancestors);
}

// Actions are as the schema has them, so that it is known which are in which; of others only the types are.
TypeId Typechecker::type_of_in(NodeId left, TypeId left_type, NodeId right, TypeId right_type) const {
  const auto is_entity = [&](NodeId id) { return is_entity_literal(id); };
  const std::uint32_t action = is_entity(left) ? action_of(left) : kNotDeclared;
  if (action != kNotDeclared) {
    const PolicyNode& node = nodes_[right];
    const std::span<const NodeId> elements = node.kind == NodeKind::kSet ? nodes_.list(node) : std::span(&right, 1);
    if (std::ranges::all_of(elements, is_entity)) {
      return boolean_type(std::ranges::any_of(elements, [&](NodeId element) {
        const std::uint32_t ancestor = action_of(element);
        return ancestor != kNotDeclared && index_.is_in(action, ancestor);
      }));
    }
  }
  return index_.may_be_in(types_.entity_type(left_type), types_.entity_type(right_type)) ? kBoolType : kFalseType;
}

bool Typechecker::is_action_variable(NodeId id) const {
  const PolicyNode& node = nodes_[id];
  return node.kind == NodeKind::kVariable && static_cast<Variable>(node.value) == Variable::kAction;
}

bool Typechecker::is_entity_literal(NodeId id) const {
  return nodes_[id].kind == NodeKind::kEntity || is_action_variable(id);
}

bool Typechecker::is_literal(NodeId id) const {
  const NodeKind kind = nodes_[id].kind;
  return kind == NodeKind::kBool || kind == NodeKind::kLong || kind == NodeKind::kString || is_entity_literal(id);
}

std::uint32_t Typechecker::action_of(NodeId id) const {
  if (is_action_variable(id)) return environment_.action;
  return nodes_[id].kind == NodeKind::kEntity ? nodes_[id].extra : kNotDeclared;
}

// Operators

TypeId Typechecker::check_equal(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const TypeId left = check(node.a).type;
  const TypeId right = check(node.b).type;
  if (left == kNoType || right == kNoType) return kNoType;
  if (types_.kind(left) == Kind::kEntity && types_.kind(right) == Kind::kEntity && left != right) return kFalseType;
  // Literals of different types are different, which is no mistake.
  if (is_literal(node.a) && is_literal(node.b)) {
    const std::uint32_t action = action_of(node.a);
    return boolean_type(action != kNotDeclared ? action == action_of(node.b)
                                               : nodes_[node.a].same == nodes_[node.b].same);
  }
  if (types_.least_upper_bound(left, right) != kNoType) return kBoolType;
  problems_.no_common_type(id, node.from->kind == ExprKind::kNotEqual ? "both sides of `!=`" : "both sides of `==`",
                           left, right);
  return kNoType;
}

TypeId Typechecker::check_less(const PolicyNode& node) {
  const TypeId left = check(node.a).type;
  const TypeId right = check(node.b).type;
  if (left == kNoType || right == kNoType) return kNoType;
  if (left == right && is_ordered(left)) return kBoolType;
  constexpr std::string_view kOrdered = "`Long`, `datetime` or `duration`";
  if (is_ordered(left)) {
    problems_.unexpected(node.b, "`" + types_.describe(left) + "`", right);
  } else if (is_ordered(right)) {
    problems_.unexpected(node.a, "`" + types_.describe(right) + "`", left);
  } else {
    const std::string_view help =
        left == kDecimalType ? "`lessThan`, `greaterThan` and the like compare decimals" : std::string_view();
    problems_.unexpected(node.a, kOrdered, left, help);
    problems_.unexpected(node.b, kOrdered, right, help);
  }
  return kNoType;
}

TypeId Typechecker::check_arithmetic(const PolicyNode& node) {
  const bool sum = static_cast<ExprKind>(node.value) == ExprKind::kAdd;
  const std::string_view help = sum ? "`+` adds numbers only" : std::string_view();
  const TypeId left = of_type(node.a, kLongType, help);
  const TypeId right = of_type(node.b, kLongType, help);
  return left == kNoType || right == kNoType ? kNoType : kLongType;
}

TypeId Typechecker::check_contains(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const TypeId set = set_of(node.a);
  const TypeId element = check(node.b).type;
  if (set == kNoType || element == kNoType) return kNoType;
  if (types_.least_upper_bound(types_.element(set), element) != kNoType) return kBoolType;
  problems_.no_common_type(id, "the elements of the set and what `contains` looks for", types_.element(set), element);
  return kNoType;
}

TypeId Typechecker::check_contains_set(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const TypeId left = set_of(node.a);
  const TypeId right = set_of(node.b, "`contains` looks for one element");
  if (left == kNoType || right == kNoType) return kNoType;
  if (types_.least_upper_bound(left, right) != kNoType) return kBoolType;
  problems_.no_common_type(id, "the elements of both sets", types_.element(left), types_.element(right));
  return kNoType;
}

TypeId Typechecker::check_set(NodeId id) {
  const PolicyNode& node = nodes_[id];
  if (node.size == 0) {
    problems_.empty_set(id);
    return kNoType;
  }
  TypeId bound = kNoType;
  bool whole = true;
  for (const NodeId element : nodes_.list(node)) {
    const TypeId type = check(element).type;
    if (type == kNoType) whole = false;
    if (!whole) continue;
    const TypeId next = bound == kNoType ? type : types_.least_upper_bound(bound, type);
    if (next == kNoType) {
      problems_.no_common_type(id, "the elements of a set", bound, type);
      whole = false;
    }
    bound = next;
  }
  return whole ? types_.set(bound) : kNoType;
}

TypeId Typechecker::check_record(const PolicyNode& node) {
  std::vector<TypeTable::Attribute> attributes;
  bool whole = true;
  const std::span<const NodeId> values = nodes_.list(node);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const TypeId type = check(values[i]).type;
    if (type == kNoType) whole = false;
    attributes.push_back({nodes_.names(node)[i], type, true});
  }
  return whole ? types_.record(std::move(attributes)) : kNoType;
}

// Functions

TypeId Typechecker::check_call(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const std::span<const NodeId> arguments = nodes_.list(node);
  if (node.value == kNotDeclared) {
    problems_.unknown_function(id);
  } else if (arguments.size() != info(static_cast<Function>(node.value)).arity) {
    problems_.wrong_argument_count(id);
  } else {
    const Function function = static_cast<Function>(node.value);
    const Signature types = signature(function);
    const bool constructs = function <= Function::kDuration;
    if (constructs && !check_constructor(id)) return types.result;
    const TypeId first = of_type(arguments[0], types.first);
    const TypeId second = arguments.size() > 1 ? of_type(arguments[1], types.second) : kBoolType;
    return first == kNoType || second == kNoType ? kNoType : types.result;
  }
  for (const NodeId argument : arguments) check(argument);
  return kNoType;
}

// What a constructor is given must be written out, so that it can be read now.
bool Typechecker::check_constructor(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const NodeId argument = nodes_.list(node)[0];
  if (!is_literal(argument) || is_action_variable(argument)) {
    check(argument);
    problems_.argument_is_no_literal(id);
    return false;
  }
  if (nodes_[argument].kind != NodeKind::kString) return true;
  const auto read = parse_extension(static_cast<ExtensionType>(node.value), nodes_[argument].from->text);
  if (!read) problems_.unreadable_argument(id, read.error().message());
  return read.has_value();
}

}  // namespace redoubt::policy::internal
