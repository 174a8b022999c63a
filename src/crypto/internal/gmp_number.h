// Owner for a number of GMP's. Inside this module only.
#pragma once

#include <gmp.h>

#include "base/bytes.h"

namespace redoubt::crypto::internal {

inline void import_number(mpz_t out, ByteView big_endian) {
  mpz_import(out, big_endian.size(), 1, 1, 1, 0, big_endian.data());
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
