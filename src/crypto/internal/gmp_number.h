// Owner for a number of GMP's. Inside this module only.
#pragma once

#include <gmp.h>

#include <array>
#include <cstring>

#include "base/bytes.h"

namespace redoubt::crypto::internal {

// GMP takes aligned words at once, and bytes one by one, which takes it nearly twice as long.
inline void import_number(mpz_t out, ByteView big_endian) {
  constexpr std::size_t kMaxWords = 1024 / sizeof(mp_limb_t);
  std::array<mp_limb_t, kMaxWords> words;
  const std::size_t count = (big_endian.size() + sizeof(mp_limb_t) - 1) / sizeof(mp_limb_t);
  if (count == 0 || count > kMaxWords) {
    mpz_import(out, big_endian.size(), 1, 1, 1, 0, big_endian.data());
    return;
  }
  words[0] = 0;  // what stands before the number in its first word
  const std::size_t before = count * sizeof(mp_limb_t) - big_endian.size();
  std::memcpy(reinterpret_cast<std::byte*>(words.data()) + before, big_endian.data(), big_endian.size());
  mpz_import(out, count, 1, sizeof(mp_limb_t), 1, 0, words.data());
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
