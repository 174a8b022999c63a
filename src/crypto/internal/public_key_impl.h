// What a PublicKey holds. Inside this module only.
#pragma once

#include "crypto/internal/evp.h"
#include "crypto/public_key.h"

namespace redoubt::crypto {

struct PublicKey::Impl {
  internal::Pkey key;
  KeyType type;

  // kUnsupported, as PublicKey::from_spki().
  static Result<std::shared_ptr<const Impl>> adopt(internal::Pkey key);
};

// For other files of this module that work with such a key.
struct PublicKeyAccess {
  // Valid as long as `key` or a copy.
  static EVP_PKEY* of(const PublicKey& key) { return key.impl_->key.get(); }
};

}  // namespace redoubt::crypto
