// The relying party over many connections: what it asks on a new one, how it judges what comes back, and what it
// remembers, so that the next needs no quote.
//
//   PeerVerifier verifier(terms, Sender::kServer);
//   auto question = verifier.ask(exporter, leaf, now);          // question.body goes to the peer
//   auto peer = verifier.judge(question, answer, now);          // what it is, or why not
//
// A lease that does not hold is forgotten: ask again, and the question is for evidence.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/appraisal.h"
#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "attest/lease.h"
#include "attest/producer.h"
#include "attest/reference_values.h"
#include "attest/verifier.h"
#include "attest/verify_answer.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/x25519.h"

namespace redoubt::attest {

// What a peer's evidence must satisfy. Without a policy nothing does.
struct PeerTerms {
  static constexpr std::size_t kMaxPolicies = 16;
  static constexpr std::size_t kMaxBundles = 64;

  // Evidence that one of them accepts is accepted. What is above kMaxPolicies is not looked at.
  std::vector<AppraisalPolicy> policies;
  ReferenceValues references;
  // The peer must vouch that one of these bundles is in force there; empty: whichever it says, and none.
  std::vector<crypto::Sha256Digest> bundles;
  // Files of one's own, as Expectation::files has them; they must outlive the verifier.
  std::vector<Endorsement> files = {};
  // How long after a verification new connections need no quote, at most LeaseTerms::kMaxAgeMs; and how long a
  // connection may be used after it was admitted.
  std::int64_t lease_ms = 10 * 60 * 1000;
  std::int64_t connection_ms = 60 * 60 * 1000;
};

// Who measured what the evidence is about: a processor or its hypervisor measures what runs in it; what a TPM holds,
// software told it.
Measurer measurer_of(const Appraisal& appraisal);

// In words, for policies and records: `tpm:` and the SHA-256 of the attestation key, or the kind of the CPU's evidence
// and the measurement of what it started (`sev-snp:…`, `tdx:…`, `sgx:…`, `nitro:…`), in lower-case hexadecimal. Of
// several parts the CPU's counts. Empty when no part is of one of these kinds.
std::string identity_of(const Appraisal& appraisal);

// What of the connection a peer's evidence is over.
enum class BoundTo : std::uint8_t {
  kChannel,  // its exporter: the machine is at the other end
  kKey,      // the TLS key alone: whoever has the key is, the machine or who stands before it
             // (docs/attestation-adapters.md)
};

// A peer whose evidence, or lease, held on one connection. A value.
struct KnownPeer {
  Tier tier = Tier::kNone;
  BoundTo bound_to = BoundTo::kChannel;
  Measurer measurer = Measurer::kSelf;
  std::string identity;
  std::optional<crypto::Sha256Digest> bundle;  // that it vouches for
  UnixMillis until;                            // the connection may be used until then
  bool by_lease = false;                       // no quote was made for this connection

  // Whether a decision about the one is one about the other.
  bool is_same_as(const KnownPeer& other) const {
    return tier == other.tier && bound_to == other.bound_to && measurer == other.measurer &&
           identity == other.identity && bundle == other.bundle;
  }
};

// The tier in policies and records: `none`, `software-tpm`, `tpm`, `cpu-tee`, `cpu-gpu-tee`; of a peer that is bound to
// its key `cpu-tee-key`, so that no policy takes one for the other. Static.
std::string_view tier_word(const KnownPeer& peer);

// One thread at a time. Does not wait: judging evidence costs signatures (half a millisecond), judging a lease
// next to nothing.
class PeerVerifier {
 public:
  static constexpr std::size_t kLeasesMax = 256;  // remembered; beyond it the oldest is forgotten

  struct Question {
    Channel channel;
    std::optional<crypto::Sha256Digest> lease;  // the evidence that is to go on, as the question names it
    std::string body;                           // an EvidenceRequest
  };

  // `trust`: in which vendors' anchors, as Verifier has it.
  PeerVerifier(PeerTerms terms, Sender sender, Trust trust = Trust::kVendors);

  const PeerTerms& terms() const { return terms_; }

  // Of one connection as this end sees it, with a fresh random nonce. `leaf`: Channel::leaf; zeros for a client that
  // has shown no certificate. Of a server the newest lease is asked to go on. Which client comes nobody knows before:
  // it may answer with the proof of a lease by itself.
  Question ask(const Exporter& exporter, const crypto::Sha256Digest& leaf, UnixMillis at);

  // Errors: kVerifyFailed with the reason when evidence or a lease is not accepted, kMalformed and kTooLarge for what
  // is no answer. A question is judged once: whoever asks again, asks anew.
  Result<KnownPeer> judge(const Question& question, std::string_view answer, UnixMillis at);

  // The last evidence that was accepted; for people.
  const std::optional<AttestedPeer>& last() const { return last_; }

 private:
  struct Remembered {
    Lease lease;
    KnownPeer peer;
  };

  Result<KnownPeer> judge_evidence(const Channel& channel, const EvidenceAnswer& answer, UnixMillis at);
  Result<const crypto::Secret*> shared_with(const crypto::X25519PublicKey& lease_key);
  Result<KnownPeer> judge_lease(const Question& question, const LeaseProof& proof, UnixMillis at);

  const PeerTerms terms_;
  const Sender sender_;
  Verifier verifier_;
  const AskerKey key_ = AskerKey::generate();
  // What proofs of the lease key that was met last are made with.
  struct Shared {
    crypto::X25519PublicKey lease_key;
    crypto::Secret secret;
  };
  std::optional<Shared> shared_;
  std::vector<Remembered> leases_;  // the newest last; at most kLeasesMax
  std::optional<AttestedPeer> last_;
};

}  // namespace redoubt::attest
