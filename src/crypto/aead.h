// AES-256-GCM (NIST SP 800-38D; interface of RFC 5116 §5.2): 12-byte nonce, 16-byte tag after the ciphertext.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

// One key, its schedule kept. One thread at a time. Movable, not copyable.
class Aes256Gcm {
 public:
  static constexpr std::size_t kKeySize = 32;
  static constexpr std::size_t kNonceSize = 12;
  static constexpr std::size_t kTagSize = 16;

  // Precondition: key.size() == kKeySize.
  explicit Aes256Gcm(const Secret& key);
  Aes256Gcm(Aes256Gcm&&) noexcept;
  Aes256Gcm& operator=(Aes256Gcm&&) noexcept;
  ~Aes256Gcm();

  // Writes ciphertext and tag to `out`, which has plaintext.size() + kTagSize bytes and does not overlap. `nonce` has
  // kNonceSize bytes and is never used twice with one key. Plaintext and associated data: below 2 GiB each.
  void seal(ByteView nonce, ByteView associated_data, ByteView plaintext, MutableByteView out);

  // Writes the plaintext to `out`, which has sealed.size() - kTagSize bytes. kVerifyFailed when the tag does not hold
  // (`out` is then zeroed); kMalformed when `sealed` is shorter than a tag or `nonce` has another length.
  Result<> open(ByteView nonce, ByteView associated_data, ByteView sealed, MutableByteView out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::crypto
