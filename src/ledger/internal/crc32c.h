// CRC-32C (Castagnoli; RFC 3720 appendix B.4): tells torn writes from whole ones. Not a defence against an attacker.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace redoubt::ledger::internal {

// Continues from `crc`, the result over the bytes before (0 at the start).
std::uint32_t crc32c(std::uint32_t crc, ByteView bytes);

}  // namespace redoubt::ledger::internal
