// Whether fields are empty, as formats write that.
#pragma once

#include <cstring>

#include "base/bytes.h"

namespace redoubt::attest {

inline bool is_zero(ByteView bytes) {
  // The first is zero, and each equals the one before it.
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace redoubt::attest
