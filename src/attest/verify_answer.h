// The relying party's end of the exchange (evidence_message.h): from an answer as it came to an appraisal, or a
// refusal.
//
//   auto peer = verify_answer(verifier, text, expectation, policy, references);
//   if (!peer) …                     // peer.error().message(): why, one line
//   use(peer->appraisal, peer->lease);
//
// There is no appraisal without all of it: the form, the channel, every part, the policy.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "attest/appraisal.h"
#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "attest/lease.h"
#include "attest/verifier.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::attest {

struct Expectation {
  // As this end sees the connection, and asked: nothing of it comes from the answer.
  Channel channel;
  // The sender must vouch for this one to be in force. Nothing: whichever it says, and none.
  std::optional<crypto::Sha256Digest> bundle;
  UnixMillis at;
  // Files of the relying party's own, which replace those of the answer: anchors (kRoot), collateral, lists.
  std::vector<Endorsement> files;
};

// A peer that was verified; a value.
struct AttestedPeer {
  Appraisal appraisal;  // accepted
  Vouched vouched;
  // Whether a TPM has measured the bundle that is vouched for, after every other.
  bool is_bundle_measured = false;
  // To be remembered for new connections; nothing when the peer offers no lease key, or names no bundle.
  std::optional<Lease> lease;
};

// Errors: kMalformed and kTooLarge for what is no answer; kInvalidArgument for a proof of a lease, which is for
// check_lease(); kVerifyFailed with the first reason for an answer of the other end, of another channel, nonce or
// bundle, one that the appraisal refuses, or one that vouches for another bundle than its TPM has measured last. One
// thread at a time, as `verifier`; does not wait.
Result<AttestedPeer> verify_answer(Verifier& verifier, std::string_view answer, const Expectation& expectation,
                                   const AppraisalPolicy& policy, const ReferenceValues& references);
// The same of one that was read (read_answer()).
Result<AttestedPeer> verify_answer(Verifier& verifier, const EvidenceAnswer& answer, const Expectation& expectation,
                                   const AppraisalPolicy& policy, const ReferenceValues& references);

// The appraisal of an answer's evidence, over `binding` alone: what that is made of is the caller's to know. `files` as
// above. Errors: kVerifyFailed with the first reason.
Result<Appraisal> appraise_answer(Verifier& verifier, const EvidenceAnswer& answer, const ReportData& binding,
                                  UnixMillis at, const std::vector<Endorsement>& files, const AppraisalPolicy& policy,
                                  const ReferenceValues& references);

// Whether a TPM says of the bundle what its sender vouches for; false: none has measured one. kVerifyFailed when it
// says otherwise, or its log is not there.
Result<bool> check_measured_bundle(const Appraisal& appraisal, const Vouched& vouched);

// The bundle that the TPM of an answer has measured last, as its own log has it; nothing when there is no such log.
// Proves nothing: it is for who made the evidence.
std::optional<crypto::Sha256Digest> bundle_in_log(const EvidenceAnswer& answer);

}  // namespace redoubt::attest
