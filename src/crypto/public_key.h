// Public keys of others, of the kinds that evidence, certificates and quotes are signed with, and their signatures.
//
//   auto key = PublicKey::from_point(KeyType::kP384, x, y);
//   if (!key || !key->verify_ecdsa(HashAlgorithm::kSha384, message, r, s)) …
//
// What may be signed with what is the caller's to say: a key answers only for the algorithm it is asked about, and a
// question that does not fit its type is answered with no.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/sha256.h"

namespace redoubt::crypto {

enum class KeyType : std::uint8_t { kRsa, kP256, kP384, kP521, kEd25519 };

std::string_view to_string(KeyType type);

// RFC 8017 §8.2 and §8.1; PSS with MGF1 over the same digest and a salt as long as the digest, or as long as it comes.
enum class RsaPadding : std::uint8_t { kPkcs1, kPss, kPssAnySalt };

// Copies share the key, which nobody changes. Any thread.
class PublicKey {
 public:
  static constexpr int kMinRsaBits = 2048;
  static constexpr int kMaxRsaBits = 8192;

  // A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), DER, nothing after it, encoded as spki() does. Errors: kMalformed when
  // it is none, or its key is no point of its curve; kUnsupported for other types and curves, and RSA outside
  // kMinRsaBits to kMaxRsaBits.
  static Result<PublicKey> from_spki(ByteView der);
  // A point of a curve in coordinates, big-endian, of at most the curve's size. kMalformed when it is not on the curve;
  // kInvalidArgument when `curve` is none.
  static Result<PublicKey> from_point(KeyType curve, ByteView x, ByteView y);
  // Modulus and exponent, big-endian. Errors as from_spki().
  static Result<PublicKey> from_rsa(ByteView modulus, ByteView exponent);
  // Ed25519 (RFC 8032), 32 bytes. kMalformed for another length.
  static Result<PublicKey> from_ed25519(ByteView key);

  KeyType type() const;
  Bytes spki() const;  // DER
  Sha256Digest spki_sha256() const;

  // Whether `r` and `s`, big-endian, of at most the curve's size, sign the digest of `message` (FIPS 186-5 §6.4).
  bool verify_ecdsa(HashAlgorithm hash, ByteView message, ByteView r, ByteView s) const;
  // The same with the signature as an Ecdsa-Sig-Value (RFC 3279 §2.2.3), DER.
  bool verify_ecdsa_der(HashAlgorithm hash, ByteView message, ByteView signature) const;
  bool verify_rsa(RsaPadding padding, HashAlgorithm hash, ByteView message, ByteView signature) const;
  bool verify_ed25519(ByteView message, ByteView signature) const;

 private:
  friend class Certificate;
  friend struct PublicKeyAccess;
  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace redoubt::crypto
