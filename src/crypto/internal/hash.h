// OpenSSL's name of a digest. Inside this module only.
#pragma once

#include <openssl/evp.h>

#include "crypto/digest.h"

namespace redoubt::crypto::internal {

const EVP_MD* hash_of(HashAlgorithm algorithm);

}  // namespace redoubt::crypto::internal
