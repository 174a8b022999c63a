// A secret that a TPM gives out in states that an approver approved, those of later versions too: sealed once, it
// survives every approved change of the software.
//
//   auto sealed = seal(tpm, secret, approver.public_key(), as_bytes("ledger key"));   // keep sealed->encode()
//   auto secret = unseal(tpm, *sealed, approval);                                     // after a start
//
// Secrets cross between processor and TPM encrypted (AES-128-CFB), under a session that is salted to the TPM's storage
// key; its name is in the sealed bytes, so a device on the bus that pretends to be the TPM is noticed when unsealing.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "tpm/approval.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

// A value, useless without its TPM.
struct SealedSecret {
  static constexpr std::size_t kMaxBytes = 2048;
  static constexpr std::size_t kMaxSecret = 128;

  Bytes public_area;   // TPMT_PUBLIC: its policy is sealing_policy(approver, policy_ref)
  Bytes private_area;  // the contents of TPM2B_PRIVATE, encrypted
  Bytes parent_name;
  crypto::P256PublicKey approver;
  Bytes policy_ref;

  Bytes encode() const;
  // Errors: kTooLarge above kMaxBytes; kMalformed for another form, and when the policy is not of approver and
  // `policy_ref`.
  static Result<SealedSecret> decode(ByteView bytes);
};

// Errors: kInvalidArgument for a secret that is empty or above SealedSecret::kMaxSecret, a `policy_ref` above
// kMaxPolicyRef, or an approver's key that is no point of its curve.
Result<SealedSecret> seal(Tpm& tpm, const crypto::Secret& secret, const crypto::P256PublicKey& approver,
                          ByteView policy_ref);

// Errors: kPermissionDenied when the registers are not those approved, or the counter is above the approval's version:
// it was superseded; kVerifyFailed when the approver did not sign it for this secret, or the TPM is another one, or was
// cleared; kCorrupt when the sealed bytes were altered; kNotFound when the TPM has no such counter; kConflict when a
// register changed meanwhile.
Result<crypto::Secret> unseal(Tpm& tpm, const SealedSecret& sealed, const Approval& approval);

}  // namespace redoubt::tpm
