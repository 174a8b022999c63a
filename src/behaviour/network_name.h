// What a network is called in signals, and by whoever acts on them: `network/` and this.
//
// Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "encoding/base64.h"

namespace redoubt::behaviour {

// 16 lower-case hexadecimal digits, of FeatureKey::address_prefix().
inline std::string network_name(std::uint64_t address_prefix) {
  std::array<std::byte, 8> bytes;
  store_be<std::uint64_t>(bytes, address_prefix);
  std::string out;
  encoding::append_hex(out, bytes);
  return out;
}

}  // namespace redoubt::behaviour
