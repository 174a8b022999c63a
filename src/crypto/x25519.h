// X25519 (RFC 7748 §5, §6.1), through OpenSSL.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

using X25519PublicKey = std::array<std::byte, 32>;

// Movable, not copyable; wiped at the end. Const members: any thread.
class X25519PrivateKey {
 public:
  static X25519PrivateKey generate();
  // kInvalidArgument unless 32 bytes.
  static Result<X25519PrivateKey> from_bytes(ByteView private_key);

  X25519PrivateKey(X25519PrivateKey&&) noexcept;
  X25519PrivateKey& operator=(X25519PrivateKey&&) noexcept;
  ~X25519PrivateKey();

  const X25519PublicKey& public_key() const { return public_key_; }
  // The 32 bytes that whoever holds the other private key computes too: for a key derivation, not for use as they are.
  // kVerifyFailed when they are zeros, from a point of small order.
  Result<Secret> agree(const X25519PublicKey& other) const;

 private:
  struct Impl;
  explicit X25519PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  X25519PublicKey public_key_{};
};

}  // namespace redoubt::crypto
