// The few forms of DER (X.690) that are written here. Inside this module only.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "crypto/der.h"

namespace redoubt::crypto::internal {

// An element of a tag of one byte, whose content is `parts` one after the other; the length in its shortest form
// (§10.1).
inline void append_element(Bytes& out, std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  if (out.empty()) out.reserve(size + 1 + 1 + sizeof size);
  out.push_back(std::byte{tag});
  unsigned bytes = 0;
  while (size >> 8 * bytes != 0) ++bytes;
  if (size >= 0x80) out.push_back(static_cast<std::byte>(0x80 | bytes));
  if (size == 0) out.push_back(std::byte{0});
  while (bytes > 0) out.push_back(static_cast<std::byte>(size >> 8 * --bytes & 0xff));
  for (const ByteView part : parts) append(out, part);
}

// A number that is not negative, big-endian, as an INTEGER in its shortest form (§8.3.2).
inline void append_natural(Bytes& out, ByteView number) {
  constexpr std::byte kZero{0};
  while (!number.empty() && number.front() == kZero) number = number.subspan(1);
  const bool needs_zero = number.empty() || (number.front() & std::byte{0x80}) != kZero;
  append_element(out, DerElement::kInteger, {needs_zero ? ByteView(&kZero, 1) : ByteView(), number});
}

}  // namespace redoubt::crypto::internal
