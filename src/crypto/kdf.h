// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869).
#pragma once

#include <array>
#include <initializer_list>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"

namespace redoubt::crypto {

Sha256Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

// HKDF-Extract (§2.2): a 32-byte pseudorandom key.
Secret hkdf_extract(ByteView salt, ByteView input_key_material);
// HKDF-Expand (§2.3): `size` bytes, at most 255 * 32.
Secret hkdf_expand(const Secret& pseudorandom_key, ByteView info, std::size_t size);
// Extract, then expand.
Secret hkdf(ByteView salt, ByteView input_key_material, ByteView info, std::size_t size);

}  // namespace redoubt::crypto
