#include "policy/internal/evaluator.h"

#include <algorithm>
#include <optional>
#include <span>

#include "policy/internal/arithmetic.h"
#include "policy/internal/extension_types.h"
#include "policy/internal/functions.h"
#include "policy/internal/pattern.h"

namespace redoubt::policy::internal {

Operand Evaluator::evaluate(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  switch (node.op) {
    case Op::kConstant:
      return program_.constants[node.first];
    case Op::kVariable:
      if (node.detail == static_cast<std::uint8_t>(Variable::kContext)) return Operand(context_);
      return Operand(subjects_[node.detail].uid.uid);
    case Op::kFail:
      return fail(number, static_cast<EvalError>(node.detail));
    case Op::kOr:
    case Op::kAnd:
      return logic(number);
    case Op::kIf:
      return conditional(number);
    case Op::kSet:
      return make_set(number);
    case Op::kRecord:
      return make_record(number);
    case Op::kCall:
      return call(number);
    case Op::kNot:
    case Op::kNegate:
    case Op::kGetAttr:
    case Op::kHas:
    case Op::kLike:
    case Op::kIs:
    case Op::kIsEmpty:
    case Op::kInEntity:
    case Op::kInEntities:
      return unary(number);
    default:
      return binary(number);
  }
}

Operand Evaluator::test(std::uint32_t number) {
  const Operand result = evaluate(number);
  if (result.failed() || result.kind() == ValueKind::kBool) return result;
  return fail(Failure::kNone, EvalError::kType, result);
}

Operand Evaluator::test_all(std::span<const std::uint32_t> nodes) {
  for (const std::uint32_t node : nodes) {
    const Operand held = test(node);
    if (!held.is_true()) return held;
  }
  return Operand(true);
}

void Evaluator::forget() {
  extensions_used_ = 0;
  if (!computed_.empty()) computed_.clear();
}

Operand Evaluator::fail(std::uint32_t node, EvalError error, Operand left, Operand right) {
  failure_ = {node, left, right};
  return error;
}

Operand Evaluator::logic(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  const std::size_t used = extensions_used_;
  const Operand left = evaluate(node.first);
  if (left.failed()) return left;
  if (left.kind() != ValueKind::kBool) return fail(number, EvalError::kType, left);
  if (left.boolean() == (node.op == Op::kOr)) return left;
  extensions_used_ = used;  // a boolean points to none of them
  const Operand right = evaluate(node.second);
  if (right.failed() || right.kind() == ValueKind::kBool) return right;
  return fail(number, EvalError::kType, right);
}

Operand Evaluator::conditional(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  const Operand condition = evaluate(node.first);
  if (condition.failed()) return condition;
  if (condition.kind() != ValueKind::kBool) return fail(number, EvalError::kType, condition);
  return evaluate(condition.boolean() ? node.second : node.third);
}

Operand Evaluator::unary(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  const Operand operand = evaluate(node.first);
  if (operand.failed()) return operand;
  switch (node.op) {
    case Op::kNot:
      if (operand.kind() == ValueKind::kBool) return Operand(!operand.boolean());
      break;
    case Op::kNegate: {
      if (operand.kind() != ValueKind::kLong) break;
      const auto negated = checked_negate(operand.number());
      return negated ? Operand(*negated) : fail(number, EvalError::kOverflow, operand);
    }
    case Op::kGetAttr:
      return attribute(number, operand);
    case Op::kHas:
      return has(number, operand);
    case Op::kLike:
      if (operand.kind() != ValueKind::kString) break;
      return Operand(matches(program_.patterns[node.second], operand.string()));
    case Op::kIs:
      if (operand.kind() != ValueKind::kEntity) break;
      return Operand(operand.entity().type == program_.names[node.second]);
    case Op::kIsEmpty:
      if (operand.kind() != ValueKind::kSet) break;
      return Operand(operand.set().elements().empty());
    default:
      if (operand.kind() == ValueKind::kEntity) return in_entities(number, operand);
  }
  return fail(number, EvalError::kType, operand);
}

Operand Evaluator::binary(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  const Operand left = evaluate(node.first);
  if (left.failed()) return left;
  const Operand right = evaluate(node.second);
  if (right.failed()) return right;
  switch (node.op) {
    case Op::kEqual:
      return Operand(equal(left, right));
    case Op::kNotEqual:
      return Operand(!equal(left, right));
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return order(number, left, right);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
      return arithmetic(number, left, right);
    case Op::kContains:
    case Op::kContainsAll:
    case Op::kContainsAny:
      return sets(number, left, right);
    case Op::kGetTag:
    case Op::kHasTag:
      return tags(number, left, right);
    default:
      return in(number, left, right);
  }
}

Operand Evaluator::order(std::uint32_t number, Operand left, Operand right) {
  std::int64_t a = 0;
  std::int64_t b = 0;
  if (left.kind() == ValueKind::kLong && right.kind() == ValueKind::kLong) {
    a = left.number();
    b = right.number();
  } else {
    // Of the extension types datetime and duration have an order; decimal has methods instead.
    if (left.kind() != ValueKind::kExtension || right.kind() != ValueKind::kExtension ||
        left.extension().type != right.extension().type ||
        (left.extension().type != ExtensionType::kDatetime && left.extension().type != ExtensionType::kDuration)) {
      return fail(number, EvalError::kType, left, right);
    }
    a = left.extension().number;
    b = right.extension().number;
  }
  switch (program_.nodes[number].op) {
    case Op::kLess:
      return Operand(a < b);
    case Op::kLessEqual:
      return Operand(a <= b);
    case Op::kGreater:
      return Operand(a > b);
    default:
      return Operand(a >= b);
  }
}

Operand Evaluator::arithmetic(std::uint32_t number, Operand left, Operand right) {
  if (left.kind() != ValueKind::kLong || right.kind() != ValueKind::kLong) {
    return fail(number, EvalError::kType, left, right);
  }
  std::optional<std::int64_t> result;
  switch (program_.nodes[number].op) {
    case Op::kAdd:
      result = checked_add(left.number(), right.number());
      break;
    case Op::kSubtract:
      result = checked_subtract(left.number(), right.number());
      break;
    default:
      result = checked_multiply(left.number(), right.number());
  }
  return result ? Operand(*result) : fail(number, EvalError::kOverflow, left, right);
}

Operand Evaluator::sets(std::uint32_t number, Operand left, Operand right) {
  const Op op = program_.nodes[number].op;
  if (left.kind() != ValueKind::kSet) return fail(number, EvalError::kType, left, right);
  if (op == Op::kContains) return Operand(contains(left.set(), right));
  if (right.kind() != ValueKind::kSet) return fail(number, EvalError::kType, left, right);
  const auto a = left.set().elements();
  const auto b = right.set().elements();
  if (op == Op::kContainsAll) {
    return Operand(b.size() <= a.size() &&
                   std::all_of(b.begin(), b.end(), [&](const Value& value) { return left.set().contains(value); }));
  }
  const Set& larger = a.size() < b.size() ? right.set() : left.set();
  const auto smaller = a.size() < b.size() ? a : b;
  return Operand(
      std::any_of(smaller.begin(), smaller.end(), [&](const Value& value) { return larger.contains(value); }));
}

Operand Evaluator::tags(std::uint32_t number, Operand left, Operand right) {
  if (left.kind() != ValueKind::kEntity || right.kind() != ValueKind::kString) {
    return fail(number, EvalError::kType, left, right);
  }
  const Entity* found = entity(left.entity());
  const Value* tag = found == nullptr ? nullptr : found->tags.find(right.string());
  if (program_.nodes[number].op == Op::kHasTag) return Operand(tag != nullptr);
  if (found == nullptr) return fail(number, EvalError::kEntityMissing, left, right);
  return tag == nullptr ? fail(number, EvalError::kTagMissing, left, right) : Operand::of(*tag);
}

Operand Evaluator::attribute(std::uint32_t number, Operand of) {
  const std::string& name = program_.names[program_.nodes[number].second];
  const Record* attributes = nullptr;
  if (of.kind() == ValueKind::kRecord) {
    attributes = &of.record();
  } else if (of.kind() == ValueKind::kEntity) {
    const Entity* found = entity(of.entity());
    if (found == nullptr) return fail(number, EvalError::kEntityMissing, of);
    attributes = &found->attributes;
  } else {
    return fail(number, EvalError::kType, of);
  }
  const Value* value = attributes->find(name);
  return value == nullptr ? fail(number, EvalError::kAttributeMissing, of) : Operand::of(*value);
}

// `a has b.c` is `a has b && a.b has c`.
Operand Evaluator::has(std::uint32_t number, Operand of) {
  const Node& node = program_.nodes[number];
  for (const std::uint32_t step : std::span(program_.lists).subspan(node.second, node.third)) {
    const Record* attributes = nullptr;
    if (of.kind() == ValueKind::kRecord) {
      attributes = &of.record();
    } else if (of.kind() == ValueKind::kEntity) {
      const Entity* found = entity(of.entity());
      if (found == nullptr) return Operand(false);
      attributes = &found->attributes;
    } else {
      return fail(number, EvalError::kType, of);
    }
    const Value* value = attributes->find(program_.names[step]);
    if (value == nullptr) return Operand(false);
    of = Operand::of(*value);
  }
  return Operand(true);
}

Operand Evaluator::in_entities(std::uint32_t number, Operand left) {
  const Node& node = program_.nodes[number];
  const EntityUid& uid = left.entity();
  const auto groups = std::span(program_.entities).subspan(node.second, node.op == Op::kInEntity ? 1 : node.third);
  const Store::Node* at = node_of(uid);
  return Operand(std::any_of(groups.begin(), groups.end(), [&](const HashedUid& group) {
    return equal(uid, *group.uid) || (at != nullptr && store_.has_ancestor(*at, group));
  }));
}

Operand Evaluator::in(std::uint32_t number, Operand left, Operand right) {
  if (left.kind() != ValueKind::kEntity) return fail(number, EvalError::kType, left, right);
  const EntityUid& uid = left.entity();
  if (right.kind() == ValueKind::kEntity) {
    if (equal(uid, right.entity())) return Operand(true);
    const Store::Node* at = node_of(uid);
    return Operand(at != nullptr && store_.has_ancestor(*at, hashed(right.entity())));
  }
  if (right.kind() != ValueKind::kSet) return fail(number, EvalError::kType, left, right);
  // Every element must be an entity, whatever `left` is in. Sets are ordered by kind, so that two elements tell of all.
  const auto elements = right.set().elements();
  if (elements.empty()) return Operand(false);
  for (const Value* end : {&elements.front(), &elements.back()}) {
    if (end->kind() != ValueKind::kEntity) return fail(number, EvalError::kType, Operand::of(*end));
  }
  if (contains(right.set(), left)) return Operand(true);
  const Store::Node* at = node_of(uid);
  if (at == nullptr) return Operand(false);
  const auto ancestors = store_.ancestors(*at);
  return Operand(std::any_of(ancestors.begin(), ancestors.end(), [&](std::uint32_t ancestor) {
    return contains(right.set(), Operand(store_.uids()[ancestor].uid));
  }));
}

Operand Evaluator::make_set(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  std::vector<Value> elements;
  elements.reserve(node.third);
  for (const std::uint32_t operand : std::span(program_.lists).subspan(node.second, node.third)) {
    const Operand element = evaluate(operand);
    if (element.failed()) return element;
    elements.push_back(element.value());
  }
  return keep(Value(Set(std::move(elements))));
}

Operand Evaluator::make_record(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  const auto list = std::span(program_.lists).subspan(node.second, std::size_t{2} * node.third);
  std::vector<Attribute> attributes;
  attributes.reserve(node.third);
  for (std::size_t i = 0; i < list.size(); i += 2) {
    const Operand value = evaluate(list[i + 1]);
    if (value.failed()) return value;
    attributes.push_back({program_.names[list[i]], value.value()});
  }
  // INVARIANT: the names differ; the compiler saw to that.
  return keep(Value(*Record::create(std::move(attributes))));
}

Operand Evaluator::call(std::uint32_t number) {
  constexpr std::size_t kMostArguments = 2;
  const Node& node = program_.nodes[number];
  const auto function = static_cast<Function>(node.detail);
  std::array<Operand, kMostArguments> operands;
  std::size_t count = 0;
  for (const std::uint32_t argument : std::span(program_.lists).subspan(node.second, node.third)) {
    const Operand operand = evaluate(argument);
    if (operand.failed()) return operand;
    if (count < kMostArguments) operands[count] = operand;
    ++count;
  }
  if (count != info(function).arity) return fail(number, EvalError::kType, operands[0], operands[1]);
  if (function <= Function::kDuration) {
    if (operands[0].kind() != ValueKind::kString) return fail(number, EvalError::kType, operands[0]);
    const auto read = read_extension(static_cast<ExtensionType>(function), operands[0].string());
    return read ? keep(*read) : fail(number, EvalError::kExtension, operands[0]);
  }
  std::array<Value, kMostArguments> arguments{Value(false), Value(false)};
  for (std::size_t i = 0; i < count; ++i) {
    if (operands[i].kind() != ValueKind::kExtension) {
      return fail(number, EvalError::kType, operands[0], operands[1]);
    }
    arguments[i] = Value(operands[i].extension());
  }
  const Evaluated result = internal::call(function, std::span(arguments).first(count));
  if (!result) return fail(number, result.error(), operands[0], operands[1]);
  return result->kind() == ValueKind::kExtension ? keep(result->extension()) : Operand::of(*result);
}

const Store::Node* Evaluator::node_of(const EntityUid& uid) const {
  for (const Subject& subject : subjects_) {
    if (&uid == subject.uid.uid) return subject.node;
  }
  return store_.find(hashed(uid));
}

const Entity* Evaluator::entity(const EntityUid& uid) const {
  const Store::Node* at = node_of(uid);
  return at == nullptr ? nullptr : at->entity;
}

Operand Evaluator::keep(Value value) {
  computed_.push_back(std::make_unique<const Value>(std::move(value)));
  return Operand::of(*computed_.back());
}

Operand Evaluator::keep(const Extension& value) {
  if (extensions_used_ == kExtensions) return keep(Value(value));
  return Operand(std::construct_at(&extensions_[extensions_used_++].value, value));
}

}  // namespace redoubt::policy::internal
