// What TLS towards callers needs of X.509 (RFC 5280): an authority of one's own, and server certificates that it issues
// for a day at most. Keys are on P-256 (FIPS 186-5, ECDSA with SHA-256), which every TLS client knows.
//
//   auto key = P256PrivateKey::generate();
//   const std::string pem = CertificateAuthority::make_certificate(key, "Redoubt", now);
//   auto authority = CertificateAuthority::create(std::move(key), pem);
//   auto leaf = authority->issue(leaf_key.public_key(), names, now, std::chrono::hours(12));   // DER
//
// No certificate request is parsed: who asks for a certificate sends a bare public key of fixed size, and what the
// certificate says is decided by who issues it.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

// A point in uncompressed form (SEC 1 §2.3.3): 0x04, x, y.
using P256PublicKey = std::array<std::byte, 65>;
// r and s of a signature, big-endian, 32 bytes each.
using P256Signature = std::array<std::byte, 64>;

// A private key. Movable, not copyable; wiped at the end. One thread at a time.
class P256PrivateKey {
 public:
  static P256PrivateKey generate();
  // From the scalar, 32 bytes, big-endian. kInvalidArgument for another length, and outside 1 to n − 1.
  static Result<P256PrivateKey> from_scalar(ByteView scalar);

  P256PrivateKey(P256PrivateKey&&) noexcept;
  P256PrivateKey& operator=(P256PrivateKey&&) noexcept;
  ~P256PrivateKey();

  const P256PublicKey& public_key() const { return public_key_; }
  Secret scalar() const;
  // ECDSA with SHA-256 (FIPS 186-5 §6.4.1), for PublicKey::verify_ecdsa(). The nonce is OpenSSL's: of private key,
  // message and random bytes. Signing twice gives two signatures.
  P256Signature sign(ByteView message) const;
  // PEM text, `EC PRIVATE KEY` (RFC 5915): for the TLS library of this process. Not for files: those are
  // keys/key_file.h.
  Secret pem() const;

 private:
  friend class CertificateAuthority;
  struct Impl;
  explicit P256PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  P256PublicKey public_key_{};
};

// Whether a certificate may be for this name: a DNS name in ASCII (RFC 1123 §2.1; `*` may be the whole first label), or
// a numeric IPv4 or IPv6 address without brackets. kInvalidArgument says what it is not.
Result<> check_certificate_name(std::string_view name);

// Movable, not copyable. One thread at a time.
class CertificateAuthority {
 public:
  static constexpr std::chrono::hours kMaxLeafLife{24};
  static constexpr std::chrono::hours kAuthorityLife{24 * 3652};  // ten years
  static constexpr std::chrono::minutes kBackdating{5};           // for clients whose clocks are behind
  static constexpr std::size_t kMaxNames = 64;

  // A self-signed certificate for `key`, PEM: CA, path length 0, for signing certificates only, valid from kBackdating
  // before `now` for kAuthorityLife. `name` is its common name: 1 to 64 characters of printable ASCII.
  static std::string make_certificate(const P256PrivateKey& key, std::string_view name, UnixMillis now);

  // kMalformed when `certificate_pem` is no certificate; kVerifyFailed when it is not an authority's, or not this
  // key's.
  static Result<CertificateAuthority> create(P256PrivateKey key, std::string_view certificate_pem);

  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  // A certificate for a TLS server that holds the private key of `subject`, DER: serverAuth, digitalSignature, a random
  // serial of 16 bytes, valid from kBackdating before `now` until `life` after it, but for kMaxLeafLife in all and no
  // longer than the authority. Errors: kMalformed when `subject` is no point of the curve; kInvalidArgument for no
  // name, more than kMaxNames, one that check_certificate_name() refuses, or a life outside (0, kMaxLeafLife];
  // kUnavailable when the authority's own certificate is not valid at `now`.
  Result<Bytes> issue(const P256PublicKey& subject, std::span<const std::string> names, UnixMillis now,
                      std::chrono::milliseconds life) const;

 private:
  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The PEM form (RFC 7468 §5) of a certificate. kMalformed when `der` is not exactly one certificate.
Result<std::string> certificate_to_pem(ByteView der);

}  // namespace redoubt::crypto
