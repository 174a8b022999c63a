// The endorsement key of a TPM, and its maker's certificate of it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

struct Endorsement {
  Bytes public_area;  // TPMT_PUBLIC
  crypto::PublicKey key;
  Bytes certificate;  // DER; empty when the TPM holds none, as software does
};

// Makes the key by TCG's template, as its maker did: always the same one (TCG EK Credential Profile 2.5, annex B,
// L-2: ECC P-256; L-1: RSA 2048, when the TPM holds a certificate for that only). The certificate's path to a
// maker's root is the relying party's to verify. Errors: kVerifyFailed when the certificate is of another key: it is
// not this TPM's, or its maker used a template of its own; kMalformed when it is none; kTooLarge above 4 KiB.
Result<Endorsement> read_endorsement(Tpm& tpm);

}  // namespace redoubt::tpm
