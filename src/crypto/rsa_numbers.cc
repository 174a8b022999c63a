#include "crypto/internal/rsa_numbers.h"

#include <gmp.h>
#include <nettle/rsa.h>

#include "crypto/internal/gmp_number.h"

namespace redoubt::crypto::internal {

struct RsaNumbers::Impl {
  Impl() { rsa_public_key_init(&key); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { rsa_public_key_clear(&key); }
  rsa_public_key key;
};

RsaNumbers::RsaNumbers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RsaNumbers::~RsaNumbers() = default;

std::unique_ptr<const RsaNumbers> RsaNumbers::from(ByteView modulus, ByteView exponent) {
  auto impl = std::make_unique<Impl>();
  import_number(impl->key.n, modulus);
  import_number(impl->key.e, exponent);
  if (mpz_odd_p(impl->key.n) == 0 || mpz_odd_p(impl->key.e) == 0 || mpz_cmp_ui(impl->key.e, 1) == 0) return nullptr;
  // Says how many bytes a signature has: none for what is too small to hold any.
  (void)rsa_public_key_prepare(&impl->key);
  return std::unique_ptr<const RsaNumbers>(new RsaNumbers(std::move(impl)));
}

std::size_t RsaNumbers::bits() const {
  return mpz_sizeinbase(impl_->key.n, 2);
}

Bytes RsaNumbers::modulus() const {
  return export_number(impl_->key.n);
}
Bytes RsaNumbers::exponent() const {
  return export_number(impl_->key.e);
}

bool RsaNumbers::verify_sha256(const Sha256Digest& digest, ByteView signature) const {
  if (signature.empty() || signature.size() != impl_->key.size) return false;
  const GmpNumber number(signature);
  return rsa_sha256_verify_digest(&impl_->key, as_uchars(ByteView(digest)), number.value) == 1;
}

}  // namespace redoubt::crypto::internal
