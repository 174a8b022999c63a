// What a PublicKey holds. Inside this module only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "crypto/internal/evp.h"
#include "crypto/internal/library_context.h"
#include "crypto/internal/p384.h"
#include "crypto/internal/rsa_numbers.h"
#include "crypto/public_key.h"

namespace redoubt::crypto {

struct PublicKey::Impl {
  Impl(internal::Pkey made, KeyType of_type, std::unique_ptr<const internal::P384Point> point, Bytes written)
      : type(of_type), p384(std::move(point)), spki_(std::move(written)), key_(std::move(made)) {}
  // Of RSA: OpenSSL's object of it is made when somebody needs one.
  Impl(std::unique_ptr<const internal::RsaNumbers> numbers, Bytes written)
      : type(KeyType::kRsa), rsa(std::move(numbers)), spki_(std::move(written)) {}

  // Of the library context of its family; never null.
  EVP_PKEY* key() const;
  const Bytes& spki() const;
  const Sha256Digest& spki_sha256() const;

  const KeyType type;
  const std::unique_ptr<const internal::P384Point> p384;  // the same key, when it is one of P-384
  const std::unique_ptr<const internal::RsaNumbers> rsa;  // the same key, when it came as numbers
  mutable std::atomic<bool> is_rsa_asked = false;         // whether it was asked about a signature before
  // `spki` of the same key, when it is known. Errors: as PublicKey::from_spki().
  static Result<std::shared_ptr<const Impl>> adopt(internal::Pkey key, Bytes spki = {});

 private:
  // Known from the beginning of a point and of RSA's numbers; of other keys written when somebody asks, once.
  mutable Bytes spki_;
  mutable std::once_flag spki_written_;
  mutable Sha256Digest spki_sha256_{};
  mutable std::once_flag spki_hashed_;
  mutable internal::Pkey key_;
  mutable std::once_flag key_made_;
};

// Whose key a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) says it is; no more of it is looked at. Errors: kMalformed when
// it begins as none; kUnsupported for other algorithms.
Result<internal::KeyFamily> find_key_family(ByteView spki);

internal::KeyFamily family_of(KeyType type);

// For other files of this module that work with such a key.
struct PublicKeyAccess {
  // Valid as long as `key` or a copy.
  static EVP_PKEY* of(const PublicKey& key) { return key.impl_->key(); }
};

}  // namespace redoubt::crypto
