#include "policy/extension.h"

#include <algorithm>

#include "policy/internal/extension_types.h"
#include "policy/internal/shown.h"

namespace redoubt::policy {
namespace {

// In the order of Function.
constexpr std::array<FunctionInfo, 22> kFunctions{{
    {"decimal", false, 1},      {"ip", false, 1},
    {"datetime", false, 1},     {"duration", false, 1},
    {"lessThan", true, 2},      {"lessThanOrEqual", true, 2},
    {"greaterThan", true, 2},   {"greaterThanOrEqual", true, 2},
    {"isIpv4", true, 1},        {"isIpv6", true, 1},
    {"isLoopback", true, 1},    {"isMulticast", true, 1},
    {"isInRange", true, 2},     {"offset", true, 2},
    {"durationSince", true, 2}, {"toDate", true, 1},
    {"toTime", true, 1},        {"toMilliseconds", true, 1},
    {"toSeconds", true, 1},     {"toMinutes", true, 1},
    {"toHours", true, 1},       {"toDays", true, 1},
}};
static_assert(kFunctions.size() == static_cast<std::size_t>(Function::kToDays) + 1);

}  // namespace

std::string_view to_string(ExtensionType type) {
  switch (type) {
    case ExtensionType::kDecimal:
      return "decimal";
    case ExtensionType::kIp:
      return "ipaddr";
    case ExtensionType::kDatetime:
      return "datetime";
    case ExtensionType::kDuration:
      break;
  }
  return "duration";
}

namespace internal {

Read<Extension> read_extension(ExtensionType type, std::string_view text) {
  const auto of_number = [type](std::int64_t number) { return Extension{type, number, {}}; };
  switch (type) {
    case ExtensionType::kDecimal:
      return parse_decimal(text).map(of_number);
    case ExtensionType::kIp:
      return parse_ip(text).map([](const IpNetwork& ip) { return Extension{ExtensionType::kIp, 0, ip}; });
    case ExtensionType::kDatetime:
      return parse_datetime(text).map(of_number);
    case ExtensionType::kDuration:
      break;
  }
  return parse_duration(text).map(of_number);
}

}  // namespace internal

Result<Extension> parse_extension(ExtensionType type, std::string_view text) {
  const auto read = internal::read_extension(type, text);
  if (read) return *read;
  return Error(Errc::kMalformed, internal::shown(text) + " is not a valid " + std::string(to_string(type)) + ": " +
                                     std::string(read.error()));
}

std::optional<std::string> to_string(const Extension& value) {
  switch (value.type) {
    case ExtensionType::kDecimal:
      return internal::print_decimal(value.number);
    case ExtensionType::kIp:
      return internal::print_ip(value.ip);
    case ExtensionType::kDatetime:
      return internal::print_datetime(value.number);
    case ExtensionType::kDuration:
      break;
  }
  return internal::print_duration(value.number);
}

std::string to_cedar(const Extension& value) {
  const auto text = to_string(value);
  if (!text) return R"(datetime("1970-01-01").offset(duration(")" + internal::print_duration(value.number) + "\"))";
  return std::string(info(static_cast<Function>(value.type)).name) + "(\"" + *text + "\")";
}

const FunctionInfo& info(Function function) {
  return kFunctions[static_cast<std::size_t>(function)];
}

std::optional<Function> find_function(std::string_view name) {
  const auto at = std::find_if(kFunctions.begin(), kFunctions.end(),
                               [name](const FunctionInfo& function) { return function.name == name; });
  if (at == kFunctions.end()) return std::nullopt;
  return static_cast<Function>(at - kFunctions.begin());
}

}  // namespace redoubt::policy
