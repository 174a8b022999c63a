// UTF-8 (RFC 3629), a code point at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace redoubt::inspect::internal {

struct Utf8Point {
  char32_t point = 0;
  std::size_t size = 1;  // 1 where it is not valid
  bool valid = false;
  bool complete = true;  // false: more bytes are needed to say
};

// RFC 3629 §4. Precondition: `text` begins with a byte that is not ASCII.
inline Utf8Point utf8_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t size = 0;
  if (lead >= 0xc2 && lead <= 0xdf) size = 2;
  if (lead >= 0xe0 && lead <= 0xef) size = 3;
  if (lead >= 0xf0 && lead <= 0xf4) size = 4;
  if (size == 0) return {};
  char32_t point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size()) return {.point = 0, .size = 1, .valid = false, .complete = false};
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (i == 1) {
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (byte(i) < low || byte(i) > high) return {};
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  return {.point = point, .size = size, .valid = true};
}

}  // namespace redoubt::inspect::internal
