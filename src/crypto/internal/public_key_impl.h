// What a PublicKey holds. Inside this module only.
#pragma once

#include <memory>
#include <mutex>

#include "crypto/internal/evp.h"
#include "crypto/internal/library_context.h"
#include "crypto/internal/p384.h"
#include "crypto/public_key.h"

namespace redoubt::crypto {

struct PublicKey::Impl {
  internal::Pkey key;  // of the library context of its family
  KeyType type;
  std::unique_ptr<const internal::P384Point> p384 = nullptr;  // the same key, when it is one of P-384
  // Known from the beginning of a point and of RSA's numbers; of other keys written when somebody asks, once.
  mutable Bytes spki = {};
  mutable std::once_flag spki_written = {};

  // `spki` of the same key, when it is known. Errors: as PublicKey::from_spki().
  static Result<std::shared_ptr<const Impl>> adopt(internal::Pkey key, Bytes spki = {});
};

// Whose key a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) says it is; no more of it is looked at. Errors: kMalformed when
// it begins as none; kUnsupported for other algorithms.
Result<internal::KeyFamily> find_key_family(ByteView spki);

internal::KeyFamily family_of(KeyType type);

// For other files of this module that work with such a key.
struct PublicKeyAccess {
  // Valid as long as `key` or a copy.
  static EVP_PKEY* of(const PublicKey& key) { return key.impl_->key.get(); }
};

}  // namespace redoubt::crypto
