// For tests: an Ecdsa-Sig-Value in DER (RFC 3279 §2.2.3) as r and s of fixed size, one after the other.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace redoubt::attest {

inline Bytes ecdsa_raw(ByteView der, std::size_t coordinate) {
  Bytes out(2 * coordinate);
  std::size_t at = der[1] == std::byte{0x81} ? 3 : 2;
  for (const std::size_t end : {coordinate, 2 * coordinate}) {
    const auto size = static_cast<std::size_t>(der[at + 1]);
    const ByteView integer = der.subspan(at + 2, size);
    const std::size_t kept = std::min(size, coordinate);  // without the zero before a high bit
    std::ranges::copy(integer.last(kept), out.begin() + static_cast<std::ptrdiff_t>(end - kept));
    at += 2 + size;
  }
  return out;
}

}  // namespace redoubt::attest
