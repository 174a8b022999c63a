// The key that a TPM signs its statements with: restricted, so it signs nothing that the TPM did not make itself; on
// P-256, ECDSA with SHA-256. It is made once and kept on disk encrypted by its TPM, which alone can load it.
//
//   auto key = create_attestation_key(tpm);      // write key->encode(), once
//   auto key = AttestationKey::decode(bytes);    // after every start
//   auto secret = activate_credential(tpm, *key, id_object, encrypted_secret);   // a verifier's question
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "crypto/secret.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

// A value, nothing in it secret to others than its TPM.
struct AttestationKey {
  static constexpr std::size_t kMaxBytes = 4096;

  Bytes public_area;   // TPMT_PUBLIC
  Bytes private_area;  // the contents of TPM2B_PRIVATE, encrypted
  Bytes parent_name;   // of the storage key above it: another TPM, or one that was cleared, has another
  // Its birth, as the TPM attested it: TPMS_CREATION_DATA, TPMS_ATTEST, TPMT_SIGNATURE.
  Bytes creation_data;
  Bytes creation_attest;
  Bytes creation_signature;

  Bytes encode() const;
  // Errors: kTooLarge above kMaxBytes; kMalformed for another form, and a public area that is no attestation key's.
  static Result<AttestationKey> decode(ByteView bytes);

  Bytes name() const;  // Part 1 §16: SHA-256's number and the digest of the public area
  crypto::PublicKey public_key() const;
};

Result<AttestationKey> create_attestation_key(Tpm& tpm);

// Answers a credential (attest/tpm_credential.h): proves to whoever made it that this TPM holds the endorsement key
// that it was made for, and this attestation key. `id_object` is a TPM2B_ID_OBJECT, `encrypted_secret` a
// TPM2B_ENCRYPTED_SECRET. Errors: kMalformed for bytes that are neither; kVerifyFailed when it was made for other keys
// or altered, or the attestation key is another TPM's; kCorrupt when the key's own bytes were altered.
Result<crypto::Secret> activate_credential(Tpm& tpm, const AttestationKey& key, ByteView id_object,
                                           ByteView encrypted_secret);

}  // namespace redoubt::tpm
