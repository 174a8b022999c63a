#include "policy/internal/describe.h"

#include <initializer_list>
#include <span>
#include <string_view>

#include "policy/internal/compilation.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::string_view kAnyEntity = "(entity of type `any_entity_type`)";

std::string expected(std::initializer_list<std::string_view> types, const Operand& found) {
  std::string message = types.size() == 1 ? "type error: expected " : "type error: expected one of [";
  for (std::string_view separator; const std::string_view type : types) {
    message += std::exchange(separator, ", ");
    message += type;
  }
  if (types.size() != 1) message += ']';
  return message + ", got " + type_name(found.value());
}

// The first of the two that is not of the kind.
const Operand& unfit(ValueKind kind, const Operand& left, const Operand& right) {
  return left.is(kind) ? right : left;
}

bool has_order(const Operand& operand) {
  return operand.is(ValueKind::kExtension) &&
         (operand.extension().type == ExtensionType::kDatetime || operand.extension().type == ExtensionType::kDuration);
}

std::string no_order(const Operand& left, const Operand& right) {
  if (left.is(ValueKind::kLong)) return expected({"long"}, right);
  if (right.is(ValueKind::kLong)) return expected({"long"}, left);
  if (has_order(left)) return expected({to_string(left.extension().type)}, right);
  if (has_order(right)) return expected({to_string(right.extension().type)}, left);
  return expected({"long", "datetime", "duration"}, left);
}

ExtensionType receiver_type(Function function) {
  if (function <= Function::kGreaterThanOrEqual) return ExtensionType::kDecimal;
  if (function <= Function::kIsInRange) return ExtensionType::kIp;
  return function <= Function::kToTime ? ExtensionType::kDatetime : ExtensionType::kDuration;
}

std::string unfit_argument(const Node& node, const Operand& left, const Operand& right) {
  const auto function = static_cast<Function>(node.detail);
  const FunctionInfo& about = info(function);
  if (node.third != about.arity) {
    return "wrong number of arguments provided to extension function `" + std::string(about.name) + "`: expected " +
           std::to_string(about.arity) + ", got " + std::to_string(node.third);
  }
  if (function <= Function::kDuration) return expected({"string"}, left);
  const ExtensionType receiver = receiver_type(function);
  if (!left.is(ValueKind::kExtension) || left.extension().type != receiver) {
    return expected({to_string(receiver)}, left);
  }
  return expected({to_string(function == Function::kOffset ? ExtensionType::kDuration : receiver)}, right);
}

std::string type_error(const Node& node, const Operand& left, const Operand& right) {
  switch (node.op) {
    case Op::kNegate:
      return expected({"long"}, left);
    case Op::kGetAttr:
    case Op::kHas:
      return expected({"record", kAnyEntity}, left);
    case Op::kLike:
      return expected({"string"}, left);
    case Op::kIsEmpty:
      return expected({"set"}, left);
    case Op::kIs:
    case Op::kInEntity:
    case Op::kInEntities:
      return expected({kAnyEntity}, left);
    case Op::kIn:
      return left.is(ValueKind::kEntity) ? expected({"set", kAnyEntity}, right) : expected({kAnyEntity}, left);
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return no_order(left, right);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
      return expected({"long"}, unfit(ValueKind::kLong, left, right));
    case Op::kContains:
    case Op::kContainsAll:
    case Op::kContainsAny:
      return expected({"set"}, unfit(ValueKind::kSet, left, right));
    case Op::kGetTag:
    case Op::kHasTag:
      return left.is(ValueKind::kEntity) ? expected({"string"}, right) : expected({kAnyEntity}, left);
    case Op::kCall:
      return unfit_argument(node, left, right);
    default:
      return expected({"bool"}, left);
  }
}

std::string overflow(Op op, const Operand& left, const Operand& right) {
  const std::string begin = "integer overflow while attempting to ";
  if (op == Op::kNegate) return begin + "negate the value `" + to_cedar(left.value()) + "`";
  const std::string_view verb = op == Op::kAdd ? "add" : op == Op::kSubtract ? "subtract" : "multiply";
  return begin + std::string(verb) + " the values `" + to_cedar(left.value()) + "` and `" + to_cedar(right.value()) +
         "`";
}

std::string extension_error(const Program& program, const Node& node, const Operand& left, const Operand& right) {
  if (node.op == Op::kFail) return "extension function `" + program.names[node.second] + "` does not exist";
  const auto function = static_cast<Function>(node.detail);
  std::string_view name = info(function).name;
  std::string why;
  if (function <= Function::kDuration) {
    const auto type = static_cast<ExtensionType>(function);
    name = to_string(type);
    if (auto read = parse_extension(type, left.string()); !read) why = read.error().message();
  } else if (function == Function::kToDate) {
    why = "overflows when computing the date of " + to_cedar(left.extension());
  } else if (function == Function::kOffset) {
    why = "overflows when adding an offset: " + to_cedar(left.extension()) + "+" + to_cedar(right.extension());
  } else {
    why = "overflows when computing the duration between " + to_cedar(left.extension()) + " and " +
          to_cedar(right.extension());
  }
  return "error while evaluating `" + std::string(name) + "` extension function: " + why;
}

}  // namespace

std::string describe(EvalError error, const Evaluator& evaluator) {
  const auto& [number, left, right] = evaluator.failure();
  if (number == Evaluator::Failure::kNone) return expected({"bool"}, left);
  const Program& program = evaluator.program();
  const Node& node = program.nodes[number];
  switch (error) {
    case EvalError::kEntityMissing:
      return "entity `" + to_string(left.entity()) + "` does not exist";
    case EvalError::kAttributeMissing: {
      const std::string attribute = "does not have the attribute " + shown(program.names[node.second]);
      return left.is(ValueKind::kRecord) ? "record " + attribute : "`" + to_string(left.entity()) + "` " + attribute;
    }
    case EvalError::kTagMissing:
      return "`" + to_string(left.entity()) + "` does not have the tag " + shown(right.string());
    case EvalError::kType:
      return type_error(node, left, right);
    case EvalError::kOverflow:
      return overflow(node.op, left, right);
    case EvalError::kExtension:
      return extension_error(program, node, left, right);
    case EvalError::kUnlinkedSlot:
      return "template slot `" + program.names[node.second] + "` was not linked";
    case EvalError::kTooDeep:
      break;
  }
  return "recursion limit reached";
}

}  // namespace redoubt::policy::internal

namespace redoubt::policy {

std::string_view to_string(EvalError error) {
  switch (error) {
    case EvalError::kEntityMissing:
      return "entity_missing";
    case EvalError::kAttributeMissing:
      return "attribute_missing";
    case EvalError::kTagMissing:
      return "tag_missing";
    case EvalError::kType:
      return "type";
    case EvalError::kOverflow:
      return "overflow";
    case EvalError::kExtension:
      return "extension";
    case EvalError::kUnlinkedSlot:
      return "unlinked_slot";
    case EvalError::kTooDeep:
      break;
  }
  return "too_deep";
}

std::string describe(const CompiledPolicies& policies, const EntityStore& entities, const Request& request,
                     const PolicyError& error) {
  const auto& compilation = static_cast<const internal::Compilation&>(policies);
  const auto& store = static_cast<const internal::Store&>(entities);
  const internal::Subjects subjects = internal::look_up(store, request);
  internal::Evaluator evaluator(compilation.program(), store, request, subjects);
  const internal::Operand result = evaluator.test_all(compilation.conditions(error.policy));
  return result.failed() ? internal::describe(result.error(), evaluator) : std::string();
}

}  // namespace redoubt::policy
