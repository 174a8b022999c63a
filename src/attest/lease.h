// Leases: for some minutes after a verification, the attested program proves by a signature, rather than by a new
// quote, that it is at the other end of a new connection.
//
//   LeaseKey key = LeaseKey::generate();            // the attested program, at its start; Vouched::lease_key
//   Lease lease = …;                                // the relying party, after verify_answer()
//   LeaseProof proof = key.prove(channel, terms);   // a new connection, a new nonce
//   check_lease(lease, proof, channel, accepted);   // the relying party
//
// The key is made in the program's memory, and the quote is over its public half: so a signature of it comes from
// the program that was attested, for as long as nobody reads that memory. A proof is over the channel that it is sent
// on, so it is of no use on another; a lease is no secret and gives nothing to who steals it. What a lease does not
// prove is in docs/decisions/2026-11-22-attested-channels.md.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "attest/channel_binding.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

namespace redoubt::attest {

// What a relying party remembers of a verification. A value.
struct Lease {
  crypto::Ed25519PublicKey key;  // the evidence vouches for it
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
  crypto::Ed25519Signature signature;
};

// One thread at a time. Movable, not copyable; wiped at the end, and written nowhere.
class LeaseKey {
 public:
  static LeaseKey generate();

  const crypto::Ed25519PublicKey& public_key() const { return key_.public_key(); }
  // Ed25519 over the fields, each behind its length (u32, big-endian): `redoubt attestation lease v1`, the exporter,
  // the sender's name, the leaf's digest, the nonce, the evidence's digest, the bundle's, `expires` (milliseconds, u64,
  // big-endian). `channel` is what this program sees itself, but for the nonce.
  LeaseProof prove(const Channel& channel, const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                   UnixMillis expires) const;

 private:
  explicit LeaseKey(crypto::Ed25519PrivateKey key) : key_(std::move(key)) {}
  crypto::Ed25519PrivateKey key_;
};

struct LeaseTerms {
  static constexpr std::int64_t kMaxAgeMs = 60 * 60 * 1000;

  // How long after a verification no new quote is asked for, at most kMaxAgeMs; more counts as that.
  std::int64_t max_age_ms = 10 * 60 * 1000;
  crypto::Sha256Digest bundle;  // the one that the relying party accepts now
  UnixMillis at;
};

// Whether the program that `lease` was made for is at the other end of `channel`, as the relying party sees it itself.
// kVerifyFailed, with the reason, when the lease is over or from the future; when the end, its TLS key, the evidence or
// the bundle is another; when the program's own term is past; and when the signature does not hold for this channel.
// The remedy is always the same: ask for evidence.
Result<> check_lease(const Lease& lease, const LeaseProof& proof, const Channel& channel, const LeaseTerms& terms);

}  // namespace redoubt::attest
