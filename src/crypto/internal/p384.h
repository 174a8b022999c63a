// ECDSA on P-384, verified by nettle, which needs less than half of OpenSSL 3.0's time
// (docs/decisions/2026-11-23-p384-by-nettle.md). Inside this module only.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace redoubt::crypto::internal {

// A public key: a point of the curve that is not infinity. Any thread. Time depends on key and signature: nothing here
// is secret.
class P384Point {
 public:
  static constexpr std::size_t kCoordinateSize = 48;

  // Coordinates are big-endian, of at most kCoordinateSize bytes. Null for what is no such point (SEC 1 §3.2.2.1; the
  // curve's order is prime, so a point of it is a public key).
  static std::unique_ptr<const P384Point> from_coordinates(ByteView x, ByteView y);
  ~P384Point();

  // FIPS 186-5 §6.4.2, of a digest of any size; `r` and `s` are big-endian, of at most kCoordinateSize bytes, and
  // outside 1 to n - 1 sign nothing. True is certain. False is not for signatures that were made to be so, and by
  // chance once in 2^384: nettle 3.8 cannot add a point to itself (Wycheproof, `PointDuplication`).
  bool verify(ByteView digest, ByteView r, ByteView s) const;

 private:
  struct Impl;
  explicit P384Point(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::crypto::internal
