// Classes of bytes, by table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace redoubt::inspect::internal {

enum CharClass : std::uint8_t {
  kDigit = 1,
  kLetter = 2,  // ASCII
  kBase64 = 4,  // of RFC 4648 §4 and §5, without padding
  kHexDigit = 8,
  kBreak = 16,     // ends what has no blanks in it: blanks, controls, what is not ASCII, quotes, angle brackets
  kLocal = 32,     // of the local part of an address of mail, as they are in use (RFC 5322 §3.2.3, atext and the dot)
  kWordByte = 64,  // letters, digits, and bytes of letters that are not ASCII
  kRareLetter = 128,  // that languages use least, and seldom next to a consonant
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> out{};
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    std::uint8_t bits = 0;
    if (digit) bits |= kDigit;
    if (letter) bits |= kLetter;
    if (digit || letter || c == '+' || c == '/' || c == '-' || c == '_') bits |= kBase64;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHexDigit;
    if (c <= 0x20 || c >= 0x7f || std::string_view("\"<>`").find(static_cast<char>(c)) != std::string_view::npos) {
      bits |= kBreak;
    }
    if (digit || letter ||
        std::string_view("!#$%&'*+-/=?^_{|}~.").find(static_cast<char>(c)) != std::string_view::npos) {
      bits |= kLocal;
    }
    if (digit || letter || c >= 0x80) bits |= kWordByte;
    if (std::string_view("jqvxzJQVXZ").find(static_cast<char>(c)) != std::string_view::npos) bits |= kRareLetter;
    out[c] = bits;
  }
  return out;
}
inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();

inline bool is(char c, std::uint8_t classes) {
  return (kCharClasses[static_cast<unsigned char>(c)] & classes) != 0;
}
inline bool is_digit(char c) {
  return is(c, kDigit);
}
inline bool is_letter(char c) {
  return is(c, kLetter);
}
inline bool is_alnum(char c) {
  return is(c, kDigit | kLetter);
}
inline char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline int digit_value(char c) {
  return c - '0';
}
inline int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace redoubt::inspect::internal
