// The keeper's authority for TLS: an authority's key and certificate that rest in the keeper's folder, what it
// certifies (server certificates for names and a life that the keeper was started with), and how often.
//
//   auto authority = TlsAuthority::open(fs, store, keeper_folder, {.names = {"localhost"}}, clock);
//   auto leaf = authority->certify(public_key);
//
// Whoever trusts the authority trusts it for any name (it has no name constraints: some clients know none), so its key
// stays with the keeper.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "keys/key_store.h"

namespace redoubt::keys {

// What certificates say. Decided by the configuration, never by who asks for one.
struct LeafPolicy {
  std::vector<std::string> names;  // as crypto::check_certificate_name() takes them
  std::chrono::milliseconds life = crypto::CertificateAuthority::kMaxLeafLife;
};

// One thread.
class TlsAuthority {
 public:
  // Opens `tls-ca.key` and `tls-ca.pem` in `directory`, which is private to the caller; makes what is missing, the
  // certificate anew from the key. `store` is how keys rest there. `clock` must outlive the authority. Errors: as
  // KeyStore::load() and CertificateAuthority::create(); kInvalidArgument for a policy that no certificate can follow.
  static Result<TlsAuthority> open(FileSystem& fs, const KeyStore& store, const std::string& directory,
                                   LeafPolicy policy, const Clock& clock);

  // The authority's certificate, PEM: what callers must trust.
  const std::string& certificate_pem() const { return certificate_pem_; }

  // A certificate, DER. A gateway needs a new one at half of a certificate's life; who asks much more often is refused
  // (kResourceExhausted): after kBurst at once, one every minute, or every quarter of a life shorter than four minutes.
  // Errors: also kMalformed when `key` is no point of the curve.
  static constexpr int kBurst = 4;
  Result<Bytes> certify(const crypto::P256PublicKey& key);

 private:
  TlsAuthority(crypto::CertificateAuthority authority, std::string certificate_pem, LeafPolicy policy,
               const Clock& clock);

  crypto::CertificateAuthority authority_;
  std::string certificate_pem_;
  LeafPolicy policy_;
  const Clock* clock_;
  std::chrono::milliseconds interval_;  // one more certificate is allowed in each
  // The burst as time: certificates may be issued until this is kBurst intervals ahead of the clock.
  std::chrono::steady_clock::time_point spent_until_{};
};

}  // namespace redoubt::keys
