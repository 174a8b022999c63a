#include "keys/tls_authority.h"

#include <algorithm>
#include <array>

#include "encoding/base64.h"

namespace redoubt::keys {
namespace {

constexpr std::string_view kKind = "tls-ca";
constexpr std::size_t kScalarBytes = 32;
constexpr std::uint64_t kMaxCertificateBytes = 16 * 1024;
constexpr std::chrono::milliseconds kLongestInterval = std::chrono::minutes(1);

Result<crypto::P256PrivateKey> open_key(const KeyStore& store, const std::string& path) {
  auto scalar = store.load(path, kKind, kScalarBytes);
  if (scalar) return crypto::P256PrivateKey::from_scalar(scalar->reveal());
  if (scalar.error().code() != Errc::kNotFound) return scalar.error();
  auto key = crypto::P256PrivateKey::generate();
  if (auto done = store.create(path, kKind, key.scalar()); !done) return done.error();
  return key;
}

// Authorities of several installations in one list of a client's must not look alike.
std::string make_name() {
  std::array<std::byte, 4> random;
  crypto::random_bytes(random);
  return "Redoubt TLS " + encoding::hex(random);
}

}  // namespace

TlsAuthority::TlsAuthority(crypto::CertificateAuthority authority, std::string certificate_pem, LeafPolicy policy,
                           const Clock& clock)
    : authority_(std::move(authority)),
      certificate_pem_(std::move(certificate_pem)),
      policy_(std::move(policy)),
      clock_(&clock),
      interval_(std::min(kLongestInterval, policy_.life / 4)) {}

Result<TlsAuthority> TlsAuthority::open(FileSystem& fs, const KeyStore& store, const std::string& directory,
                                        LeafPolicy policy, const Clock& clock) {
  auto key = open_key(store, directory + "/tls-ca.key");
  if (!key) return key.error();
  const std::string path = directory + "/tls-ca.pem";
  std::string pem;
  if (auto stored = read_file(fs, path, kMaxCertificateBytes); stored) {
    pem = std::string(as_chars(*stored));
  } else if (stored.error().code() == Errc::kNotFound) {
    pem = crypto::CertificateAuthority::make_certificate(*key, make_name(), clock.now());
    if (auto done = write_file_atomically(fs, path, as_bytes(pem)); !done) return done.error();
  } else {
    return stored.error();
  }
  auto authority = crypto::CertificateAuthority::create(*std::move(key), pem);
  if (!authority) return authority.error().in("`" + path + "`");
  // A policy that cannot be followed is found out now, not when somebody asks.
  auto trial =
      authority->issue(crypto::P256PrivateKey::generate().public_key(), policy.names, clock.now(), policy.life);
  if (!trial) return trial.error();
  return TlsAuthority(*std::move(authority), std::move(pem), std::move(policy), clock);
}

Result<Bytes> TlsAuthority::certify(const crypto::P256PublicKey& key) {
  const auto steady = clock_->steady();
  const auto from = std::max(spent_until_, steady);
  if (from + interval_ > steady + kBurst * interval_) {
    return Error(Errc::kResourceExhausted, "certificates are asked for too often");
  }
  auto leaf = authority_.issue(key, policy_.names, clock_->now(), policy_.life);
  if (leaf) spent_until_ = from + interval_;
  return leaf;
}

}  // namespace redoubt::keys
