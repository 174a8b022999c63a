// Owner for a number of GMP's. Inside this module only.
#pragma once

#include <gmp.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace redoubt::crypto::internal {

// GMP copies words that are in its own order; from any other it puts a number together byte by byte, which takes it ten
// times as long.
inline void import_number(mpz_t out, ByteView big_endian) {
  static_assert(std::endian::native == std::endian::little && sizeof(mp_limb_t) == sizeof(std::uint64_t));
  std::array<mp_limb_t, 128> limbs;
  constexpr std::size_t kSize = sizeof(mp_limb_t);
  const std::size_t count = (big_endian.size() + kSize - 1) / kSize;
  if (count > limbs.size()) {
    mpz_import(out, big_endian.size(), 1, 1, 1, 0, big_endian.data());
    return;
  }
  std::size_t i = 0;
  for (; big_endian.size() >= kSize; big_endian = big_endian.first(big_endian.size() - kSize)) {
    mp_limb_t limb;
    std::memcpy(&limb, big_endian.last(kSize).data(), kSize);
    limbs[i++] = __builtin_bswap64(limb);
  }
  if (i < count) limbs[i] = 0;
  for (const std::byte each : big_endian) limbs[i] = limbs[i] << 8 | static_cast<mp_limb_t>(each);
  mpz_import(out, count, -1, kSize, 0, 0, limbs.data());
}

// Without zeros before it.
inline Bytes export_number(const mpz_t number) {
  Bytes out((mpz_sizeinbase(number, 2) + 7) / 8);
  mpz_export(out.data(), nullptr, 1, 1, 1, 0, number);
  return out;
}

struct GmpNumber {
  explicit GmpNumber(ByteView big_endian) {
    mpz_init(value);
    import_number(value, big_endian);
  }
  GmpNumber(const GmpNumber&) = delete;
  GmpNumber& operator=(const GmpNumber&) = delete;
  ~GmpNumber() { mpz_clear(value); }
  mpz_t value;
};

}  // namespace redoubt::crypto::internal
