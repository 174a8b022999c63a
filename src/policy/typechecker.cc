#include "policy/internal/typechecker.h"

#include <algorithm>
#include <iterator>

namespace redoubt::policy::internal {
namespace {

using Kind = TypeTable::Kind;

constexpr TypeId kDecimalType = extension_type(ExtensionType::kDecimal);
constexpr TypeId kIpType = extension_type(ExtensionType::kIp);
constexpr TypeId kDatetimeType = extension_type(ExtensionType::kDatetime);
constexpr TypeId kDurationType = extension_type(ExtensionType::kDuration);

constexpr std::string_view kTryContains = "`contains`, `containsAll` and `containsAny` look into a set";
constexpr std::string_view kTryLike = "`like` looks into a string";

constexpr TypeId boolean_type(bool value) {
  return value ? kTrueType : kFalseType;
}

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

bool Typechecker::check(const Environment& environment) {
  environment_ = environment;
  problems_.enter(environment);
  bool possible = true;
  Capabilities gained;
  for (const NodeId condition : nodes_.conditions()) {
    Answer answer = boolean(condition);
    if (answer.type == kFalseType) {
      possible = false;
      break;
    }
    learn(answer.gained);
    gained.insert(gained.end(), answer.gained.begin(), answer.gained.end());
  }
  forget(gained);
  return possible;
}

Typechecker::Answer Typechecker::check(NodeId id) {
  if (!steps_.spend()) return {};
  const PolicyNode& node = nodes_[id];
  switch (node.kind) {
    case NodeKind::kAnd:
      return check_and(node);
    case NodeKind::kOr:
      return check_or(node);
    case NodeKind::kIf:
      return check_if(id);
    case NodeKind::kHas:
      return check_has(node);
    case NodeKind::kHasPath:
      return check_has_path(node);
    case NodeKind::kHasTag:
      return check_has_tag(node);
    default:
      return {check_other(id), {}};
  }
}

// What gains no capability.
TypeId Typechecker::check_other(NodeId id) {
  const PolicyNode& node = nodes_[id];
  switch (node.kind) {
    case NodeKind::kBool:
      return boolean_type(node.from->number != 0);
    case NodeKind::kLong:
      return kLongType;
    case NodeKind::kString:
      return kStringType;
    case NodeKind::kEntity:
      return check_entity(node);
    case NodeKind::kVariable:
      return check_variable(node);
    case NodeKind::kNot:
      return check_not(node);
    case NodeKind::kNegate:
      return of_type(node.a, kLongType);
    case NodeKind::kGetAttr:
      return check_get_attr(id);
    case NodeKind::kGetTag:
      return check_get_tag(id);
    case NodeKind::kLike:
      return of_type(node.a, kStringType) == kNoType ? kNoType : kBoolType;
    case NodeKind::kIs:
      return check_is(node);
    case NodeKind::kIsIn:
      return check_is_in(node);
    case NodeKind::kIsEmpty:
      return set_of(node.a) == kNoType ? kNoType : kBoolType;
    case NodeKind::kEqual:
      return check_equal(id);
    case NodeKind::kLess:
      return check_less(node);
    case NodeKind::kIn:
      return check_in(node);
    case NodeKind::kArithmetic:
      return check_arithmetic(node);
    case NodeKind::kContains:
      return check_contains(id);
    case NodeKind::kContainsSet:
      return check_contains_set(id);
    case NodeKind::kSet:
      return check_set(id);
    case NodeKind::kRecord:
      return check_record(node);
    case NodeKind::kCall:
      return check_call(id);
    default:
      problems_.unknown_value(id);
      return kNoType;
  }
}

// Operands

Typechecker::Answer Typechecker::boolean(NodeId operand) {
  Answer answer = check(operand);
  if (answer.type == kNoType || types_.is_bool(answer.type)) return answer;
  problems_.unexpected(operand, "`Bool`", answer.type);
  return {};
}

TypeId Typechecker::of_type(NodeId operand, TypeId wanted, std::string_view help) {
  const TypeId type = check(operand).type;
  if (type == kNoType || type == wanted) return type;
  problems_.unexpected(operand, "`" + types_.describe(wanted) + "`", type, help);
  return kNoType;
}

TypeId Typechecker::set_of(NodeId operand, std::string_view help) {
  const TypeId type = check(operand).type;
  if (type == kNoType || types_.kind(type) == Kind::kSet) return type;
  if (help.empty()) {
    if (types_.kind(type) == Kind::kEntity) help = "`in` asks whether an entity is in another";
    if (types_.kind(type) == Kind::kRecord) help = "`has` asks whether a record has an attribute";
    if (type == kStringType) help = kTryLike;
  }
  problems_.unexpected(operand, "a set", type, help);
  return kNoType;
}

TypeId Typechecker::entity_of(NodeId operand, std::string_view help) {
  const TypeId type = check(operand).type;
  if (type == kNoType || types_.kind(type) == Kind::kEntity) return type;
  problems_.unexpected(operand, "an entity", type, help);
  return kNoType;
}

TypeId Typechecker::entity_or_record_of(NodeId operand) {
  const TypeId type = check(operand).type;
  if (type == kNoType || types_.kind(type) == Kind::kEntity || types_.kind(type) == Kind::kRecord) return type;
  std::string_view help;
  if (types_.kind(type) == Kind::kSet) help = kTryContains;
  if (type == kStringType) help = kTryLike;
  problems_.unexpected(operand, "an entity or a record", type, help);
  return kNoType;
}

TypeId Typechecker::ancestors_of(NodeId operand) {
  const TypeId type = check(operand).type;
  if (type == kNoType || types_.kind(type) == Kind::kEntity) return type;
  const bool set = types_.kind(type) == Kind::kSet;
  if (set && types_.kind(types_.element(type)) == Kind::kEntity) return types_.element(type);
  problems_.unexpected(operand, "an entity or a set of entities", type, set ? kTryContains : std::string_view());
  return kNoType;
}

Typechecker::Capabilities Typechecker::both(const Capabilities& a, const Capabilities& b) {
  Capabilities out;
  steps_.spend(a.size() + b.size());
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

Typechecker::Capabilities Typechecker::common(const Capabilities& a, const Capabilities& b) {
  Capabilities out;
  steps_.spend(a.size() + b.size());
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  return out;
}

void Typechecker::learn(const Capabilities& known) {
  for (const std::uint32_t capability : known) ++known_[capability];
}

void Typechecker::forget(const Capabilities& known) {
  for (const std::uint32_t capability : known) --known_[capability];
}

// Conditions: what cannot be reached is not checked, what is known flows to where it helps.

Typechecker::Answer Typechecker::check_and(const PolicyNode& node) {
  Answer left = boolean(node.a);
  if (left.type == kFalseType) return {kFalseType, {}};
  learn(left.gained);
  Answer right = boolean(node.b);
  forget(left.gained);
  if (left.type == kNoType || right.type == kNoType) return {};
  if (right.type == kFalseType) return {kFalseType, {}};
  TypeId type = kBoolType;
  if (right.type == kTrueType) type = left.type;
  if (left.type == kTrueType) type = right.type;
  return {type, both(left.gained, right.gained)};
}

Typechecker::Answer Typechecker::check_or(const PolicyNode& node) {
  Answer left = boolean(node.a);
  if (left.type == kTrueType) return left;
  Answer right = boolean(node.b);
  if (left.type == kNoType || right.type == kNoType) return {};
  if (right.type == kTrueType || left.type == kFalseType) return right;
  if (right.type == kFalseType) return left;
  return {kBoolType, common(left.gained, right.gained)};
}

Typechecker::Answer Typechecker::check_if(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const Answer test = boolean(node.a);
  if (test.type == kFalseType) return check(node.c);
  learn(test.gained);
  Answer then = check(node.b);
  forget(test.gained);
  then.gained = both(then.gained, test.gained);
  if (test.type == kTrueType) return then;

  const Answer otherwise = check(node.c);
  if (then.type == kNoType || otherwise.type == kNoType) return {};
  const TypeId bound = types_.least_upper_bound(then.type, otherwise.type);
  if (bound == kNoType) problems_.no_common_type(id, "both branches of `if`", then.type, otherwise.type);
  return {bound, common(then.gained, otherwise.gained)};
}

TypeId Typechecker::check_not(const PolicyNode& node) {
  const TypeId type = boolean(node.a).type;
  if (type == kTrueType) return kFalseType;
  return type == kFalseType ? kTrueType : type;
}

// Attributes and tags

// An entity need not be there, so its attributes need not either, even those that it must have.
TypeId Typechecker::type_of_has(const PolicyNode& has, TypeId on) const {
  const TypeTable::Attribute* attribute = types_.attribute(index_.attributes_of(on), has.value);
  if (attribute == nullptr) return kFalseType;
  const bool certain = types_.kind(on) == Kind::kRecord && attribute->required;
  return certain || known_[has.extra] > 0 ? kTrueType : kBoolType;
}

Typechecker::Answer Typechecker::check_has(const PolicyNode& node) {
  const TypeId on = entity_or_record_of(node.a);
  if (on == kNoType) return {};
  const TypeId type = type_of_has(node, on);
  if (type == kFalseType) return {type, {}};
  return {type, {node.extra}};
}

// As `has && has && …` would be checked, but for the operand, which is looked at once.
Typechecker::Answer Typechecker::check_has_path(const PolicyNode& node) {
  TypeId on = entity_or_record_of(node.a);
  Answer answer{kTrueType, {}};
  steps_.spend(node.size);
  for (const NodeId step : nodes_.list(node)) {
    if (on == kNoType) {
      answer.type = kNoType;
      break;
    }
    if (types_.kind(on) != Kind::kEntity && types_.kind(on) != Kind::kRecord) {
      problems_.unexpected(step, "an entity or a record", on);
      answer.type = kNoType;
      break;
    }
    const PolicyNode& has = nodes_[step];
    const TypeId type = type_of_has(has, on);
    if (type != kTrueType) answer.type = type;
    if (type == kFalseType) break;
    answer.gained.push_back(has.extra);
    on = types_.attribute(index_.attributes_of(on), has.value)->type;
  }
  if (answer.type == kNoType || answer.type == kFalseType) return {answer.type, {}};
  std::ranges::sort(answer.gained);
  return answer;
}

TypeId Typechecker::check_get_attr(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const TypeId on = entity_or_record_of(node.a);
  if (on == kNoType) return kNoType;
  const TypeTable::Attribute* attribute = types_.attribute(index_.attributes_of(on), node.value);
  if (attribute == nullptr) {
    problems_.no_attribute(id, on);
    return kNoType;
  }
  if (!attribute->required && known_[node.extra] == 0) problems_.attribute_may_be_missing(id, on);
  return attribute->type;
}

Typechecker::Answer Typechecker::check_has_tag(const PolicyNode& node) {
  const TypeId on = entity_of(node.a);
  const TypeId tag = of_type(node.b, kStringType);
  if (on == kNoType || tag == kNoType) return {};
  if (index_.tags_of(on) == kNoType) return {kFalseType, {}};
  return {known_[node.extra] > 0 ? kTrueType : kBoolType, {node.extra}};
}

TypeId Typechecker::check_get_tag(NodeId id) {
  const PolicyNode& node = nodes_[id];
  const TypeId on = entity_of(node.a);
  const TypeId tag = of_type(node.b, kStringType);
  if (on == kNoType || tag == kNoType) return kNoType;
  const TypeId type = index_.tags_of(on);
  if (type == kNoType) {
    problems_.no_tags(id, on);
  } else if (known_[node.extra] == 0) {
    problems_.tag_may_be_missing(id);
  }
  return type;
}

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
  const TypeId type = entity_of(node.a, kTryContains);
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
