// Credential activation: a secret that a TPM gives out only if it holds both an endorsement key and an attestation key.
// So an EK certificate, which cannot sign, vouches for an AK.
//
//   const auto credential = make_credential(ek, ak.name, secret);
//   send(credential->id_object, credential->encrypted_secret);   // the TPM runs TPM2_ActivateCredential
//   if (!crypto::equal_constant_time(answer, secret.reveal())) …   // else: the AK may be pinned (Policy::pinned_ak)
//
// TCG "Trusted Platform Module Library", Part 1 §24 (credential protection), Part 3 §12.6 (TPM2_MakeCredential). The
// verifier needs no TPM for it. Any thread; randomness is the process's private generator.
#pragma once

#include "attest/tpm_structures.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::attest {

struct TpmCredential {
  Bytes id_object;         // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// `ek` is the public area whose key the EK certificate has: compare them first. `ak_name` is TpmPublic::name of the
// attestation key: of its whole area, so that its attributes are what is vouched for. Look at them
// (is_attestation_key()) before the secret's return means anything. Errors: kInvalidArgument when `ek` is no restricted
// decryption key with AES-CFB, or the secret is empty or longer than the digest of the EK's name.
Result<TpmCredential> make_credential(const TpmPublic& ek, ByteView ak_name, const crypto::Secret& secret);

// As tpm2-tools have it in a file (`tpm2_activatecredential --credential-blob`).
Bytes to_tpm2_tools_file(const TpmCredential& credential);

}  // namespace redoubt::attest
