#include "crypto/internal/p384.h"

#include <gmp.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

#include "crypto/internal/gmp_number.h"

namespace redoubt::crypto::internal {

namespace {

struct Signature {
  Signature(ByteView r, ByteView s) {
    dsa_signature_init(&value);
    import_number(value.r, r);
    import_number(value.s, s);
  }
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;
  ~Signature() { dsa_signature_clear(&value); }
  dsa_signature value;
};

}  // namespace

struct P384Point::Impl {
  Impl() { ecc_point_init(&point, nettle_get_secp_384r1()); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ecc_point_clear(&point); }
  ecc_point point;
};

P384Point::P384Point(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
P384Point::~P384Point() = default;

std::unique_ptr<const P384Point> P384Point::from_coordinates(ByteView x, ByteView y) {
  if (x.size() > kCoordinateSize || y.size() > kCoordinateSize) return nullptr;
  const GmpNumber x_number(x);
  const GmpNumber y_number(y);
  auto impl = std::make_unique<Impl>();
  // Refuses numbers that the field does not have, and what is not on the curve; infinity has no coordinates.
  if (ecc_point_set(&impl->point, x_number.value, y_number.value) != 1) return nullptr;
  return std::unique_ptr<const P384Point>(new P384Point(std::move(impl)));
}

bool P384Point::verify(ByteView digest, ByteView r, ByteView s) const {
  if (r.size() > kCoordinateSize || s.size() > kCoordinateSize) return false;
  const Signature signature(r, s);
  return ecdsa_verify(&impl_->point, digest.size(), as_uchars(digest), &signature.value) == 1;
}

}  // namespace redoubt::crypto::internal
