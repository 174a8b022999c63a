// Two texts, the second behind the first line break. What is read as an extension value must print so that it reads
// back equal, and the functions must keep the laws that they have for all values.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/internal/functions.h"
#include "policy/tests/support/naive_evaluator.h"

using namespace redoubt::policy;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

void check(bool holds) {
  if (!holds) std::abort();
}

// Nothing when it fails; a failure of these is always one of the extension.
template <class... Arguments>
std::optional<Value> apply(Function function, const Arguments&... arguments) {
  const std::vector<Value> list{Value(arguments)...};
  auto result = internal::call(function, list);
  if (result) return *std::move(result);
  check(result.error() == EvalError::kExtension);
  return std::nullopt;
}

bool holds(Function function, const Extension& a, const Extension& b) {
  return apply(function, a, b)->boolean();
}

void check_printed(const Extension& value) {
  if (const auto text = to_string(value)) {
    const auto again = parse_extension(value.type, *text);
    check(again && *again == value);
  }
  const auto expression = parse_expression(to_cedar(value));
  check(expression.has_value());
  const Request request;
  const auto evaluated = testing::evaluate_naively(*expression, testing::NaiveStore({}), request);
  check(evaluated && *evaluated == Value(value));
}

void check_decimals(const Extension& a, const Extension& b) {
  check(holds(Function::kLessThan, a, b) == holds(Function::kGreaterThan, b, a));
  check(holds(Function::kLessThan, a, b) != holds(Function::kGreaterThanOrEqual, a, b));
  check(holds(Function::kLessThanOrEqual, a, b) != holds(Function::kGreaterThan, a, b));
  check((a == b) == (holds(Function::kLessThanOrEqual, a, b) && holds(Function::kGreaterThanOrEqual, a, b)));
}

void check_ips(const Extension& a, const Extension& b) {
  check(holds(Function::kIsInRange, a, a));
  check(apply(Function::kIsIpv4, a)->boolean() != apply(Function::kIsIpv6, a)->boolean());
  if (!holds(Function::kIsInRange, a, b)) return;
  check(a.ip.v6 == b.ip.v6 && a.ip.prefix >= b.ip.prefix);
  check(a.ip.prefix == b.ip.prefix || !holds(Function::kIsInRange, b, a));
  // What is true of a whole range is true of what is in it.
  for (const Function of_range : {Function::kIsLoopback, Function::kIsMulticast}) {
    check(!apply(of_range, b)->boolean() || apply(of_range, a)->boolean());
  }
}

void check_datetimes(const Extension& a, const Extension& b) {
  if (const auto between = apply(Function::kDurationSince, a, b)) {
    check(apply(Function::kOffset, b, between->extension()) == Value(a));
  }
  const Extension time = apply(Function::kToTime, a)->extension();
  check(time.number >= 0 && time.number < kDayMs);
  if (const auto date = apply(Function::kToDate, a)) {
    check(date->extension().number % kDayMs == 0);
    check(apply(Function::kOffset, date->extension(), time) == Value(a));
  }
}

void check_moved(const Extension& datetime, const Extension& duration) {
  const auto moved = apply(Function::kOffset, datetime, duration);
  if (!moved) return;
  check_printed(moved->extension());
  check_datetimes(moved->extension(), datetime);
}

void check_duration(const Extension& duration) {
  const std::int64_t ms = apply(Function::kToMilliseconds, duration)->number();
  check(ms == duration.number);
  check(apply(Function::kToSeconds, duration)->number() == ms / 1000);
  check(apply(Function::kToMinutes, duration)->number() == ms / 60'000);
  check(apply(Function::kToHours, duration)->number() == ms / 3'600'000);
  check(apply(Function::kToDays, duration)->number() == ms / kDayMs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  std::vector<Extension> values;
  for (const std::string_view part : {text.substr(0, line), text.substr(line == text.npos ? size : line + 1)}) {
    for (int type = 0; type < 4; ++type) {
      const auto value = parse_extension(static_cast<ExtensionType>(type), part);
      if (!value) continue;
      check(value->type == static_cast<ExtensionType>(type));
      check_printed(*value);
      values.push_back(*value);
    }
  }
  for (const Extension& a : values) {
    if (a.type == ExtensionType::kDuration) check_duration(a);
    for (const Extension& b : values) {
      if (a.type == ExtensionType::kDatetime && b.type == ExtensionType::kDuration) check_moved(a, b);
      if (a.type != b.type) continue;
      if (a.type == ExtensionType::kDecimal) check_decimals(a, b);
      if (a.type == ExtensionType::kIp) check_ips(a, b);
      if (a.type == ExtensionType::kDatetime) check_datetimes(a, b);
    }
  }
  return 0;
}
