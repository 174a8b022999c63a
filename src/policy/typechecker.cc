#include "policy/internal/typechecker.h"

#include <algorithm>
#include <iterator>

namespace redoubt::policy::internal {
namespace {

using Kind = TypeTable::Kind;

constexpr std::string_view kTryContains = "`contains`, `containsAll` and `containsAny` look into a set";
constexpr std::string_view kTryLike = "`like` looks into a string";

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
  // What is wrong in one part does not make what it asked for unknown to the next.
  if (left.type == kNoType || right.type == kNoType) return {kNoType, both(left.gained, right.gained)};
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

}  // namespace redoubt::policy::internal
