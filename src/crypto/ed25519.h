// Ed25519 (RFC 8032 §5.1): pure, deterministic.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

using Ed25519PublicKey = std::array<std::byte, 32>;
using Ed25519Signature = std::array<std::byte, 64>;

// A private key. Movable, not copyable; wiped at the end. One thread at a time.
class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey generate();
  // From the 32-byte seed (RFC 8032 §5.1.5). kInvalidArgument for another length.
  static Result<Ed25519PrivateKey> from_seed(ByteView seed);

  Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept;
  Ed25519PrivateKey& operator=(Ed25519PrivateKey&&) noexcept;
  ~Ed25519PrivateKey();

  const Ed25519PublicKey& public_key() const { return public_key_; }
  Secret seed() const;
  Ed25519Signature sign(ByteView message) const;

 private:
  struct Impl;
  explicit Ed25519PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  Ed25519PublicKey public_key_{};
};

// Whether `signature` is of `message` under `key`, by OpenSSL's rules: S below the order, the equation without the
// cofactor, R compared with its canonical encoding. False for a signature of another length and for a key that is no
// point. A key of small order or in a non-canonical encoding is accepted, against RFC 8032 §5.1.3: such a key proves
// nothing, so a key is trusted first and used second. Not constant time; arguments are public.
bool ed25519_verify(const Ed25519PublicKey& key, ByteView message, ByteView signature);

}  // namespace redoubt::crypto
