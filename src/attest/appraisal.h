// Appraisal (RFC 9334 §8.4) of an attester with several parts: a CPU, a virtual TPM, a GPU, and what the software says
// of itself. Each part's evidence is verified, compared with reference values, and weighed; together they give a tier
// of assurance, and a result in the shape of an EAR (draft-ietf-rats-ear-04) with a trustworthiness vector a part
// (draft-ietf-rats-ar4si-10).
//
//   const Appraisal appraisal = appraise(verifier, evidence, *policy, references);
//   if (!appraisal.accepted) …            // appraisal.problems
//   std::string ear = to_ear_json(appraisal, "redoubt 1.0");
//
// A result is not signed here: who passes it on says so in a way of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/policy.h"
#include "attest/reference_values.h"
#include "attest/verifier.h"

namespace redoubt::attest {

// How much a stranger may rely on, lowest first.
enum class Tier : std::uint8_t {
  kNone,
  kSoftwareTpm,  // the mechanism, not isolation
  kTpm,          // hardware, or the cloud's virtual one
  kCpuTee,       // memory that the host cannot read
  kCpuAndGpuTee,
};

// `none`, `software-tpm`, `tpm`, `cpu-tee`, `cpu-gpu-tee`.
std::string_view to_string(Tier tier);
std::optional<Tier> find_tier(std::string_view name);

struct PartPolicy {
  Kind kind;
  Policy policy;               // how its evidence is verified; never allows debug or zero PCRs
  bool required = true;        // without this part nothing is accepted
  bool need_reference = true;  // its claims must cover a reference value
  // For a TPM whose key is pinned: that it is known, otherwise, to be one of hardware. With a chain from a maker's
  // anchor it is known anyway.
  bool is_hardware = false;
  // For a TPM: what counts is what software told it, in PCRs 8 to 15; those of the boot may be zeros, as they are where
  // nothing measures it. Never above Tier::kSoftwareTpm.
  bool is_self_measured = false;
};

struct AppraisalPolicy {
  static constexpr std::size_t kMaxParts = 16;

  std::map<std::string, PartPolicy> parts;  // by the name of the sub-module
  // Parts that are not in `parts` are refused; or they are passed over, and count for nothing.
  bool pass_over_others = false;
  bool need_statement = false;  // the statement must be there and cover a reference value
  Tier min_tier = Tier::kCpuTee;
  crypto::Sha256Digest digest{};  // of the text that it was read from
};

// Accepts a TPM with this attestation key (SHA-256 of its SubjectPublicKeyInfo), as the part `tpm`, whatever it has
// measured. `is_hardware`: that it is known to be one of hardware, whose boot must have been measured; else it counts
// as one of software. What else the machine shows, a processor's evidence say, is passed over.
AppraisalPolicy pinned_tpm_policy(const crypto::Sha256Digest& key, bool is_hardware);

// {"min_tier":"cpu-tee","statement":"required","parts":{"cpu":{"kind":"sev-snp","policy":{…},"required":true,
// "reference":"required","hardware":false,"measurer":"platform"}}}; `parts` alone has no default. A text of at most
// 64 KiB. kMalformed says what is wrong, and refuses allow_debug and allow_zero_pcrs.
Result<AppraisalPolicy> parse_appraisal_policy(std::string_view text);

// Evidence of all parts, at one moment. The bytes must outlive the call.
struct CompositeEvidence {
  struct Part {
    std::string name;
    Kind kind;
    Inputs inputs;
  };

  std::vector<Part> parts;
  // What the software says of itself: a JSON object of claims (`build`, `models`, `policy`, …), at most 64 KiB. With
  // one, every part's nonce is the SHA-256 of its bytes, and its member `nonce` (hexadecimal) is the relying party's:
  // so the parts belong together, and to the statement.
  std::optional<ByteView> statement;
  std::optional<ByteView> nonce;  // the relying party's
  UnixMillis at;
};

// AR4SI §2.3.2: from 2 affirming, from 32 warning, from 96 contraindicated; 0 says nothing.
enum class Status : std::uint8_t { kNone, kAffirming, kWarning, kContraindicated };
std::string_view to_string(Status status);

// AR4SI §2.3.4, the values that are given here by its numbers.
struct TrustVector {
  std::uint8_t instance_identity = 0;
  std::uint8_t configuration = 0;
  std::uint8_t executables = 0;
  std::uint8_t hardware = 0;
  std::uint8_t runtime_opaque = 0;

  Status status() const;  // the worst of them
};

struct PartResult {
  std::string name;
  std::optional<Kind> kind;  // nothing: the statement
  TrustVector vector;
  std::string reference;  // the reference value that it covers; empty: none
  std::optional<Verdict> verdict;
  ClaimObject claims;
};

struct Appraisal {
  UnixMillis at;
  std::optional<Bytes> nonce;
  crypto::Sha256Digest policy;
  std::vector<PartResult> parts;
  Tier tier = Tier::kNone;
  bool accepted = false;
  std::vector<std::string> problems;  // why not; for a person
  std::optional<UnixMillis> valid_until;
};

Appraisal appraise(Verifier& verifier, const CompositeEvidence& evidence, const AppraisalPolicy& policy,
                   const ReferenceValues& references);

// The claims-set of an EAR, unsigned, `build` naming the verifier. Beyond the draft: `redoubt_tier`,
// `redoubt_accepted`, `redoubt_problems`.
std::string to_ear_json(const Appraisal& appraisal, std::string_view build);

}  // namespace redoubt::attest
