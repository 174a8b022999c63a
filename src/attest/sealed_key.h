// Evidence of a key to which requests are sealed, for relying parties that do not see a channel to the attested
// program: somebody else's balancer ends their TLS. The attested program made the key in its memory, so whoever seals
// to a key that evidence vouches for is read by that program alone, whatever stands between.
//
//   EvidenceRequest request{.nonce = …};                                       // posted to kSealedKeyPath
//   sealed_key_binding(key, request.nonce, bundle)                             // the server, then as channel_binding()
//   auto verified = verify_sealed_key(verifier, text, expectation, policy, references);
//   seal_request(*decode_key_configuration(verified->key), …)                  // ohttp/encapsulation.h
//
// The label is another than that of channels (channel_binding.h): evidence of the one kind is never taken for the
// other, though both may share a quote. There are no leases of keys: a relying party keeps a verified key for a bounded
// time. Why it is so is in docs/decisions/2026-11-22-sealed-bodies.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/appraisal.h"
#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "attest/verifier.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::attest {

// Where the question is posted, an EvidenceRequest of the server without a lease.
inline constexpr std::string_view kSealedKeyPath = "/.well-known/redoubt/sealed-key";
inline constexpr std::string_view kSealedKeyProtocol = "redoubt-sealed-key-1";

// SHA-512 of the fields, each behind its length (u32, big-endian): `redoubt sealed key v1`, the key configuration
// (RFC 9458 §3.1), the relying party's nonce, the bundle's digest or nothing. Any thread.
ReportData sealed_key_binding(ByteView key_configuration, const ChannelNonce& nonce,
                              const std::optional<crypto::Sha256Digest>& bundle);

// The answer on the wire: JSON of `protocol`, `key` and, in `attestation`, an EvidenceAnswer without a lease key.
struct SealedKeyAnswer {
  static constexpr std::size_t kMaxBytes = EvidenceAnswer::kMaxBytes + 4096;
  static constexpr std::size_t kMaxKeyBytes = 256;

  Bytes key;  // the key configuration
  EvidenceAnswer evidence;
};
// Errors as write_evidence_answer(); kTooLarge for a key above kMaxKeyBytes.
Result<std::string> write_sealed_key_answer(const SealedKeyAnswer& answer);
// kTooLarge above the limits; kMalformed for another form, another protocol, evidence with a lease key, a lease.
Result<SealedKeyAnswer> read_sealed_key_answer(std::string_view text);

struct SealedKeyExpectation {
  ChannelNonce nonce;  // of the question
  // The sender must vouch for this one to be in force. Nothing: whichever it says, and none.
  std::optional<crypto::Sha256Digest> bundle;
  UnixMillis at;
  // Files of the relying party's own, which replace those of the answer.
  std::vector<Endorsement> files;
};

// A key that was verified; a value.
struct AttestedKey {
  Appraisal appraisal;  // accepted
  Bytes key;            // the key configuration, not read yet
  std::optional<crypto::Sha256Digest> bundle;
  bool is_bundle_measured = false;  // a TPM says so, too
};

// Errors: kMalformed and kTooLarge for what is no answer; kVerifyFailed with the first reason for one of another nonce,
// bundle or end, whose evidence does not vouch for its key or whose TPM measured another bundle last, or which the
// appraisal refuses. One thread at a time, as
// `verifier`; does not wait.
Result<AttestedKey> verify_sealed_key(Verifier& verifier, std::string_view answer,
                                      const SealedKeyExpectation& expectation, const AppraisalPolicy& policy,
                                      const ReferenceValues& references);

}  // namespace redoubt::attest
