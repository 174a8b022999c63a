// What each extension type can do, without regard to Value and Function. Each is defined in the file of its name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "policy/extension.h"

namespace redoubt::policy::internal {

// A value, or what is wrong with its text: a clause without the text itself, of static lifetime. No allocation.
template <class T>
using Read = tl::expected<T, std::string_view>;

inline constexpr std::int64_t kMsPerDay = 86'400'000;

// ASCII digits, one at least.
inline bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// parse_extension() without the message.
Read<Extension> read_extension(ExtensionType type, std::string_view text);

// [-]digits.digits, with at most four behind the point, in ten-thousandths.
Read<std::int64_t> parse_decimal(std::string_view text);
std::string print_decimal(std::int64_t ten_thousandths);  // always four digits behind the point

// address[/prefix], at most 43 bytes.
Read<IpNetwork> parse_ip(std::string_view text);
std::string print_ip(const IpNetwork& network);  // RFC 5952; without a prefix that says nothing
// Whether each address of `network` is one of `range`; never between the two versions.
bool is_in_range(const IpNetwork& network, const IpNetwork& range);
bool is_loopback(const IpNetwork& network);   // in 127.0.0.0/8 or ::1
bool is_multicast(const IpNetwork& network);  // in 224.0.0.0/4 or ff00::/8

// YYYY-MM-DD[Thh:mm:ss[.SSS](Z|(+|-)hhmm)], in milliseconds since 1970 (RFC 80).
Read<std::int64_t> parse_datetime(std::string_view text);
// YYYY-MM-DDThh:mm:ss.SSSZ; nothing outside of the years 0000 to 9999, which alone have a text.
std::optional<std::string> print_datetime(std::int64_t ms);
// Midnight before, or at, `ms`. Nothing when that does not fit.
std::optional<std::int64_t> date_of(std::int64_t ms);
std::int64_t time_of(std::int64_t ms);  // since midnight: [0, kMsPerDay)

// [-][#d][#h][#m][#s][#ms], one of them at least, in milliseconds (RFC 80).
Read<std::int64_t> parse_duration(std::string_view text);
std::string print_duration(std::int64_t ms);  // #ms

}  // namespace redoubt::policy::internal
