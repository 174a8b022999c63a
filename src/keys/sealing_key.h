// Sealing keys: short-lived keys that the keeper issues to the gateway, already wrapped for itself.
//
// The gateway seals openings with a key that it can use but, once the key is retired, no longer has: it holds the key
// for about a minute and wipes it. What travels with each sealed opening is the wrapped form, which only the keeper's
// wrapping key opens. So code that takes over the gateway reads nothing that was sealed before the current minute.
//
// Sealed opening (docs/formats/opening.md): version u8 = 1, wrapped key (60 bytes), nonce (12), ciphertext and tag.
// Each key is used by one core, which counts nonces from zero; a key is never shared, so nonces never repeat.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/secret.h"

namespace redoubt::keys {

// nonce (12) ‖ AES-256-GCM ciphertext of the key (32) ‖ tag (16), under the wrapping key.
using WrappedKey = std::array<std::byte, 60>;

// Bytes that sealing adds to an opening.
inline constexpr std::size_t kSealOverheadBytes =
    1 + sizeof(WrappedKey) + crypto::Aes256Gcm::kNonceSize + crypto::Aes256Gcm::kTagSize;

struct IssuedSealingKey {
  crypto::Secret key;  // 32 bytes
  WrappedKey wrapped{};
};

// The gateway's end: seals with one issued key. One thread.
class OpeningSealer {
 public:
  explicit OpeningSealer(const IssuedSealingKey& issued);

  // Appends the sealed form of `opening` to `out`, whose size is opening.size() + kSealOverheadBytes. `context` (the
  // exchange's id and the entry's kind) is authenticated: a sealed opening moved to another entry does not open.
  void seal(ByteView context, ByteView opening, MutableByteView out);

 private:
  crypto::Aes256Gcm aead_;
  WrappedKey wrapped_;
  std::uint64_t next_nonce_ = 0;
};

// The keeper's end: issues, and opens what was sealed. One thread.
class KeyWrapper {
 public:
  // `wrapping_key`: 32 bytes.
  explicit KeyWrapper(const crypto::Secret& wrapping_key);

  IssuedSealingKey issue();
  // The opening's plaintext. kMalformed, kUnsupported (version), kVerifyFailed (wrong wrapping key, context, or
  // altered).
  Result<Bytes> open(ByteView context, ByteView sealed);

 private:
  crypto::Aes256Gcm aead_;
};

}  // namespace redoubt::keys
