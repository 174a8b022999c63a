// RSA by nettle, for keys that are asked once: it needs the numbers alone, where OpenSSL 3.0 takes half as long as a
// verification to make an object of them (docs/decisions/2026-11-23-tpm-quotes.md). Inside this module only.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace redoubt::crypto::internal {

// A public key. Any thread. Time depends on key and signature: nothing here is secret.
class RsaNumbers {
 public:
  // Big-endian, with zeros before them or not. Null when the modulus is even, or the exponent is even or 1.
  static std::unique_ptr<const RsaNumbers> from(ByteView modulus, ByteView exponent);
  ~RsaNumbers();

  std::size_t bits() const;  // of the modulus
  // Big-endian, without zeros before them.
  Bytes modulus() const;
  Bytes exponent() const;

  // RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2): the signature has exactly the modulus's size, and the encoded
  // message is made and compared, not read.
  bool verify_sha256(const Sha256Digest& digest, ByteView signature) const;

 private:
  struct Impl;
  explicit RsaNumbers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::crypto::internal
