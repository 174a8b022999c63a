#include "policy/internal/functions.h"

#include "policy/internal/arithmetic.h"
#include "policy/internal/extension_types.h"

namespace redoubt::policy::internal {
namespace {

tl::unexpected<EvalError> fail(EvalError error) {
  return tl::unexpected(error);
}

// Null when the value is not of that type.
const Extension* as(ExtensionType type, const Value& value) {
  if (value.kind() != ValueKind::kExtension || value.extension().type != type) return nullptr;
  return &value.extension();
}

Evaluated construct(ExtensionType type, const Value& argument) {
  if (argument.kind() != ValueKind::kString) return fail(EvalError::kType);
  const auto read = read_extension(type, argument.string());
  if (!read) return fail(EvalError::kExtension);
  return Value(*read);
}

Evaluated value_or_overflow(ExtensionType type, std::optional<std::int64_t> number) {
  if (!number) return fail(EvalError::kExtension);
  return Value(Extension{type, *number, {}});
}

Evaluated compare_decimals(Function function, const Value& a, const Value& b) {
  const Extension* left = as(ExtensionType::kDecimal, a);
  const Extension* right = as(ExtensionType::kDecimal, b);
  if (left == nullptr || right == nullptr) return fail(EvalError::kType);
  switch (function) {
    case Function::kLessThan:
      return Value(left->number < right->number);
    case Function::kLessThanOrEqual:
      return Value(left->number <= right->number);
    case Function::kGreaterThan:
      return Value(left->number > right->number);
    default:
      return Value(left->number >= right->number);
  }
}

Evaluated test_ip(Function function, const Value& argument) {
  const Extension* network = as(ExtensionType::kIp, argument);
  if (network == nullptr) return fail(EvalError::kType);
  switch (function) {
    case Function::kIsIpv4:
      return Value(!network->ip.v6);
    case Function::kIsIpv6:
      return Value(network->ip.v6);
    case Function::kIsLoopback:
      return Value(is_loopback(network->ip));
    default:
      return Value(is_multicast(network->ip));
  }
}

// Whole units, towards zero.
Evaluated duration_in(std::int64_t unit_ms, const Value& argument) {
  const Extension* duration = as(ExtensionType::kDuration, argument);
  if (duration == nullptr) return fail(EvalError::kType);
  return Value(duration->number / unit_ms);
}

}  // namespace

Evaluated call(Function function, std::span<const Value> arguments) {
  if (arguments.size() != info(function).arity) return fail(EvalError::kType);
  const Value& first = arguments.front();
  switch (function) {
    case Function::kDecimal:
    case Function::kIp:
    case Function::kDatetime:
    case Function::kDuration:
      return construct(static_cast<ExtensionType>(function), first);
    case Function::kLessThan:
    case Function::kLessThanOrEqual:
    case Function::kGreaterThan:
    case Function::kGreaterThanOrEqual:
      return compare_decimals(function, first, arguments[1]);
    case Function::kIsIpv4:
    case Function::kIsIpv6:
    case Function::kIsLoopback:
    case Function::kIsMulticast:
      return test_ip(function, first);
    case Function::kIsInRange: {
      const Extension* network = as(ExtensionType::kIp, first);
      const Extension* range = as(ExtensionType::kIp, arguments[1]);
      if (network == nullptr || range == nullptr) return fail(EvalError::kType);
      return Value(is_in_range(network->ip, range->ip));
    }
    case Function::kOffset: {
      const Extension* datetime = as(ExtensionType::kDatetime, first);
      const Extension* duration = as(ExtensionType::kDuration, arguments[1]);
      if (datetime == nullptr || duration == nullptr) return fail(EvalError::kType);
      return value_or_overflow(ExtensionType::kDatetime, checked_add(datetime->number, duration->number));
    }
    case Function::kDurationSince: {
      const Extension* end = as(ExtensionType::kDatetime, first);
      const Extension* begin = as(ExtensionType::kDatetime, arguments[1]);
      if (end == nullptr || begin == nullptr) return fail(EvalError::kType);
      return value_or_overflow(ExtensionType::kDuration, checked_subtract(end->number, begin->number));
    }
    case Function::kToDate:
    case Function::kToTime: {
      const Extension* datetime = as(ExtensionType::kDatetime, first);
      if (datetime == nullptr) return fail(EvalError::kType);
      if (function == Function::kToDate) return value_or_overflow(ExtensionType::kDatetime, date_of(datetime->number));
      return value_or_overflow(ExtensionType::kDuration, time_of(datetime->number));
    }
    case Function::kToMilliseconds:
      return duration_in(1, first);
    case Function::kToSeconds:
      return duration_in(1000, first);
    case Function::kToMinutes:
      return duration_in(60'000, first);
    case Function::kToHours:
      return duration_in(3'600'000, first);
    case Function::kToDays:
      break;
  }
  return duration_in(kMsPerDay, first);
}

}  // namespace redoubt::policy::internal
