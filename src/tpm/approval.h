// An approver's word that a machine in this state may open what was sealed for it. Made offline, without a TPM: from
// the values that registers will have, and a version.
//
//   ApprovedState state = approved_state(expected_pcrs, counter, version);
//   Approval approval = approve(state, policy_ref, approver_key);      // on the approver's machine
//   write(approval.encode());
//
// The TPM enforces it (Part 3 §23.7 PolicyPCR, §23.9 PolicyNV, §23.16 PolicyAuthorize): the registers have that digest,
// and the counter is not above the version. So the approval of version n + 1 can be tried while that of n still works,
// and incrementing the counter to n + 1 ends n for good.
//
// Functions of their arguments. Any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/sha256.h"
#include "tpm/nv_index.h"
#include "tpm/pcr.h"

namespace redoubt::tpm {

// What a secret is for, so that an approval for one opens no other: part of what is signed. At most so long.
inline constexpr std::size_t kMaxPolicyRef = 32;

struct ApprovedState {
  PcrSelection pcrs;                // not empty
  crypto::Sha256Digest pcr_digest;  // pcr_digest() of their values
  NvHandle counter = 0;
  std::uint64_t version = 0;  // the highest value of the counter with which the approval holds
};

// Precondition: `pcrs` is not empty and has registers below kPcrCount.
ApprovedState approved_state(const PcrValues& pcrs, NvHandle counter, std::uint64_t version);

// The digest of the policy that a TPM session has after PolicyPCR and PolicyNV.
crypto::Sha256Digest policy_digest(const ApprovedState& state);

// The bytes that an approver signs, ECDSA with SHA-256: policy_digest() and `policy_ref`. Any tool that signs with a
// key on P-256 can. Errors: kInvalidArgument for no register, a counter outside the range, or a `policy_ref` above
// kMaxPolicyRef.
Result<Bytes> approval_message(const ApprovedState& state, ByteView policy_ref);

struct Approval {
  static constexpr std::size_t kMaxBytes = 512;

  ApprovedState state;
  crypto::P256Signature signature;

  Bytes encode() const;
  // Says nothing about the signature. Errors: kTooLarge above kMaxBytes; kMalformed for another form.
  static Result<Approval> decode(ByteView bytes);
};

// Errors: as approval_message().
Result<Approval> approve(const ApprovedState& state, ByteView policy_ref, const crypto::P256PrivateKey& approver);

// The approver's key as a TPM knows it (TPMT_PUBLIC): for signing, ECDSA with SHA-256.
Bytes approver_public_area(const crypto::P256PublicKey& approver);
// The policy of what is sealed: whatever `approver` approves for `policy_ref`, and nothing else.
crypto::Sha256Digest sealing_policy(const crypto::P256PublicKey& approver, ByteView policy_ref);

}  // namespace redoubt::tpm
