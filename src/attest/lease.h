// Leases: for some minutes after a verification, the attested program proves by a key that it keeps, rather than by a
// new quote, that it is at the other end of a new connection.
//
//   LeaseKey key = LeaseKey::generate();      // the attested program, at its start; Vouched::lease_key
//   AskerKey asker = AskerKey::generate();    // the relying party, at its start; EvidenceRequest::key
//   Lease lease = …;                          // the relying party, after verify_answer()
//   auto proof = key.prove(channel, …);       // a new connection, a new nonce
//   auto shared = asker.share(lease.key);     // the relying party, once for a lease key
//   check_lease(lease, *shared, *proof, channel, accepted);
//
// The key is made in the program's memory, and the quote is over its public half. A proof is a MAC with a key that
// follows from the program's private key and the asker's public one, or the other way round (X25519): so what the asker
// gets, and did not make itself, comes from the program that was attested, for as long as nobody reads the memory of
// either. It convinces that asker and nobody else. A proof is over the channel that it is sent on, so it is of no use
// on another; a lease is no secret and gives nothing to who steals it. What a lease does not prove, and why it is no
// signature, is in docs/decisions/2026-11-22-attested-channels.md.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "attest/channel_binding.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "crypto/x25519.h"

namespace redoubt::attest {

// What a relying party remembers of a verification. A value.
struct Lease {
  crypto::X25519PublicKey key;  // the evidence vouches for it
  Sender sender;
  crypto::Sha256Digest leaf;      // the TLS key of the connection that was verified
  crypto::Sha256Digest evidence;  // evidence_digest()
  crypto::Sha256Digest bundle;    // in force when the evidence was made
  UnixMillis verified_at;
  // Certificates and collateral that the evidence rests on are all valid until then.
  std::optional<UnixMillis> valid_until;
};

// What the attested program answers with.
struct LeaseProof {
  crypto::Sha256Digest evidence;  // which verification it continues
  crypto::Sha256Digest bundle;    // in force now
  UnixMillis expires;             // the program's own word, by its own clock
  crypto::Sha256Digest mac;
};

// The attested program's. Movable, not copyable; wiped at the end, and written nowhere. Const members: any thread.
class LeaseKey {
 public:
  static LeaseKey generate() { return LeaseKey(crypto::X25519PrivateKey::generate()); }
  explicit LeaseKey(crypto::X25519PrivateKey key) : key_(std::move(key)) {}

  const crypto::X25519PublicKey& public_key() const { return key_.public_key(); }
  // HMAC-SHA-256 over the fields, each behind its length (u32, big-endian): `redoubt attestation lease v1`, the
  // exporter, the sender's name, the leaf's digest, the nonce, the evidence's digest, the bundle's, `expires`
  // (milliseconds, u64, big-endian). `channel` is what this program sees itself, but for the nonce. The key is
  // HKDF-SHA-256 without salt of what the two keys agree on, for the fields `redoubt attestation lease key v1`, this
  // public key, the asker's. kVerifyFailed for an asker's key that agrees with none (RFC 7748 §6.1).
  Result<LeaseProof> prove(const Channel& channel, const crypto::X25519PublicKey& asker,
                           const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                           UnixMillis expires) const;

 private:
  friend class LeaseProver;
  Result<crypto::Secret> share(const crypto::X25519PublicKey& asker) const;

  crypto::X25519PrivateKey key_;
};

// LeaseKey::prove() for who is asked again and again: what the key shares with those who asked of late is kept, so that
// an asker costs an agreement, and not each of its connections. Strangers can make it forget, and nothing else. One
// thread.
class LeaseProver {
 public:
  static constexpr std::size_t kAskersMax = 64;  // a secret each; the next replaces the one that came first

  // `key` must outlive it.
  explicit LeaseProver(const LeaseKey& key) : key_(key) {}

  const LeaseKey& key() const { return key_; }
  Result<LeaseProof> prove(const Channel& channel, const crypto::X25519PublicKey& asker,
                           const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                           UnixMillis expires);

 private:
  struct Asker {
    crypto::X25519PublicKey key;
    crypto::Secret shared;
  };
  const LeaseKey& key_;
  std::vector<Asker> askers_;
  std::size_t next_ = 0;  // to be replaced
};

// The relying party's, to which proofs are made. As LeaseKey in all else.
class AskerKey {
 public:
  static AskerKey generate() { return AskerKey(crypto::X25519PrivateKey::generate()); }
  explicit AskerKey(crypto::X25519PrivateKey key) : key_(std::move(key)) {}

  const crypto::X25519PublicKey& public_key() const { return key_.public_key(); }
  // What the proofs of a lease key are made with. kVerifyFailed for a lease key that agrees with none.
  Result<crypto::Secret> share(const crypto::X25519PublicKey& lease_key) const;

 private:
  crypto::X25519PrivateKey key_;
};

struct LeaseTerms {
  static constexpr std::int64_t kMaxAgeMs = 60 * 60 * 1000;

  // How long after a verification no new quote is asked for, at most kMaxAgeMs; more counts as that.
  std::int64_t max_age_ms = 10 * 60 * 1000;
  crypto::Sha256Digest bundle;  // the one that the relying party accepts now
  UnixMillis at;
};

// Whether the program that `lease` was made for is at the other end of `channel`, as the relying party sees it itself.
// `shared` is AskerKey::share() of the lease's key. kVerifyFailed, with the reason, when the lease is over or from the
// future; when the end, its TLS key, the evidence or the bundle is another; when the program's own term is past; and
// when the MAC does not hold for this channel. The remedy is always the same: ask for evidence.
Result<> check_lease(const Lease& lease, const crypto::Secret& shared, const LeaseProof& proof, const Channel& channel,
                     const LeaseTerms& terms);

}  // namespace redoubt::attest
