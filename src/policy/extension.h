// The extension types: decimal, ipaddr, datetime, duration (Cedar reference, "Operators and functions"; RFC 80 for the
// last two).
//
// Values; any thread. Reading follows the reference to the letter: what it refuses is refused here.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::policy {

enum class ExtensionType : std::uint8_t { kDecimal, kIp, kDatetime, kDuration };
std::string_view to_string(ExtensionType type);  // `decimal`, `ipaddr`, `datetime`, `duration`

// An IPv4 or IPv6 address with a prefix length; without one it is 32 or 128.
struct IpNetwork {
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four bytes, the rest zero
  std::uint8_t prefix = 0;
  bool v6 = false;
  friend auto operator<=>(const IpNetwork&, const IpNetwork&) = default;
};

struct Extension {
  ExtensionType type = ExtensionType::kDecimal;
  // kDecimal: ten-thousandths; kDatetime: milliseconds since 1970-01-01T00:00:00Z; kDuration: milliseconds.
  std::int64_t number = 0;
  IpNetwork ip;  // of kIp

  friend auto operator<=>(const Extension&, const Extension&) = default;
};

// The constructors, by their function's name's type. kMalformed says why, in the reference's words where it has any.
Result<Extension> parse_extension(ExtensionType type, std::string_view text);
// The canonical text that parse_extension reads back. Nothing for a datetime outside of the years 0000 to 9999, which
// only arithmetic gives: it has no text.
std::optional<std::string> to_string(const Extension& value);
// An expression that gives the value: `ip("::1")`, or `datetime("1970-01-01").offset(duration("…ms"))` for a datetime
// that has no text.
std::string to_cedar(const Extension& value);

// The functions and methods of the extension types.
enum class Function : std::uint8_t {
  kDecimal,
  kIp,
  kDatetime,
  kDuration,  // constructors, of one string; numbered like ExtensionType
  kLessThan,
  kLessThanOrEqual,
  kGreaterThan,
  kGreaterThanOrEqual,  // of two decimals
  kIsIpv4,
  kIsIpv6,
  kIsLoopback,
  kIsMulticast,    // of an ipaddr
  kIsInRange,      // of two
  kOffset,         // datetime, duration -> datetime
  kDurationSince,  // datetime, datetime -> duration
  kToDate,
  kToTime,  // datetime -> datetime, duration
  kToMilliseconds,
  kToSeconds,
  kToMinutes,
  kToHours,
  kToDays,  // duration -> long
};
struct FunctionInfo {
  std::string_view name;   // as written: `ip`, `isInRange`
  bool method = false;     // written a.f(…) rather than f(…)
  std::uint8_t arity = 0;  // the receiver counted
};
const FunctionInfo& info(Function function);
std::optional<Function> find_function(std::string_view name);

}  // namespace redoubt::policy
