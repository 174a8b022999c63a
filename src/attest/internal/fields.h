// Fields put one after the other so that they can be taken apart in one way only: each behind its length, u32 in
// big-endian. What is hashed or signed here begins with a label of its own, so that nothing made for one purpose is
// good for another.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"

namespace redoubt::attest {

inline void append_field(Bytes& out, ByteView field) {
  std::array<std::byte, 4> length;
  store_be<std::uint32_t>(length, static_cast<std::uint32_t>(field.size()));
  append(out, length);
  append(out, field);
}

inline Bytes join_fields(std::initializer_list<ByteView> fields) {
  Bytes out;
  for (const ByteView each : fields) append_field(out, each);
  return out;
}

}  // namespace redoubt::attest
