// Whether fields are empty, as formats write that.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace redoubt::attest {

inline bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

}  // namespace redoubt::attest
