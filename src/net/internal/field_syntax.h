// The small grammars that requests, responses and URLs share (RFC 9110 §5.5, §5.6; RFC 3986 §3.2).
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redoubt::net::internal {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

// What may stand in a field value: no control character but HTAB (RFC 9110 §5.5).
constexpr bool is_value_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 0x20 && u != 0x7f) || u == '\t';
}
constexpr bool is_field_value(std::string_view text) {
  bool good = true;
  for (const char c : text) good &= is_value_char(c);
  return good;
}

// token (RFC 9110 §5.6.2)
inline constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0; c < 128; ++c) out[c] = is_digit(static_cast<char>(c)) || is_alpha(static_cast<char>(c));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) out[static_cast<std::size_t>(c)] = true;
  return out;
}();
constexpr bool is_token_char(char c) {
  return kTokenChars[static_cast<unsigned char>(c)];
}
constexpr bool is_token(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= is_token_char(c);
  return good;
}

// Content-Length (RFC 9110 §8.6): digits alone; a list of equal lengths, which the RFC lets a recipient mend, is
// refused. False also above 18 digits.
inline bool parse_length(std::string_view text, std::uint64_t& length) {
  if (text.empty() || text.size() > 18) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && end == text.data() + text.size();
}

struct Authority {
  std::string_view host;  // without brackets
  bool ipv6 = false;
  std::string_view port;  // digits; empty when absent
};

// `host[:port]` without a user part. The host is a name of letters, digits, `-`, `.` and `_`, or an address, IPv6 in
// brackets without a zone. Percent-encoded and other names are refused. False when it has another form.
bool parse_authority(std::string_view text, Authority& out);

}  // namespace redoubt::net::internal
