// Certificates and revocation lists as a test needs them, good and bad ones. For tests only.
//
//   TestAuthority root("Root");
//   TestAuthority leaf("Leaf", root, {.is_authority = false});
//   Certificate::from_der(leaf.certificate());
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/public_key.h"

namespace redoubt::crypto {

struct TestTerms {
  UnixMillis from{1'700'000'000'000};
  UnixMillis to{1'800'000'000'000};
  bool is_authority = true;
  std::string key_usage = "keyCertSign,cRLSign,digitalSignature";  // as openssl.cnf has it; empty: no extension
  std::vector<std::pair<std::string, Bytes>> extensions;           // number in dots, value
  bool critical = false;                                           // of these
  HashAlgorithm hash = HashAlgorithm::kSha256;
  KeyType key = KeyType::kP256;
  // More of `extensions`, made when the key is known.
  std::function<std::vector<std::pair<std::string, Bytes>>(const PublicKey&)> extensions_for = {};
};

// A name, a key and a certificate.
class TestAuthority {
 public:
  // Self-signed.
  explicit TestAuthority(const std::string& name, const TestTerms& terms = {});
  TestAuthority(const std::string& name, const TestAuthority& issuer, const TestTerms& terms = {});
  TestAuthority(TestAuthority&&) noexcept;
  ~TestAuthority();

  const Bytes& certificate() const { return certificate_; }  // DER
  std::string pem() const;
  PublicKey public_key() const;
  // An Ecdsa-Sig-Value in DER, RSA PKCS #1 v1.5, or an Ed25519 signature, as the key is.
  Bytes sign(HashAlgorithm hash, ByteView message) const;
  Bytes sign_pss(HashAlgorithm hash, ByteView message) const;
  // A list, DER, of the certificates revoked.
  Bytes revoke(const std::vector<const TestAuthority*>& revoked, UnixMillis from, UnixMillis to) const;

 private:
  struct Impl;
  void issue(const TestAuthority& issuer, const TestTerms& terms);
  std::unique_ptr<Impl> impl_;
  Bytes certificate_;
};

}  // namespace redoubt::crypto
