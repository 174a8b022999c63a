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

}  // namespace redoubt::crypto
