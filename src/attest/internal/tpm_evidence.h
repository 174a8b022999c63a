// The forms in which a TPM's quote comes: bare structures with a list of PCRs, and JSON that other programs write
// around them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "attest/internal/json_members.h"
#include "attest/internal/tpm_quote.h"

namespace redoubt::attest {

// `{"bank":"sha256","pcrs":{"0":"HEX",…}}`.
Result<PcrValues> parse_pcrs(ByteView text);

// What evidence of a TPM holds, as bytes that are still to be read: views of files, or of `decoded`. Moved, never
// copied.
struct TpmEvidence {
  ByteView ak;
  bool ak_is_public_area = false;  // else a SubjectPublicKeyInfo
  ByteView attest;
  ByteView signature;  // TPMT_SIGNATURE
  std::shared_ptr<const PcrValues> pcrs;
  std::optional<ByteView> event_log;
  std::optional<ByteView> nonce;  // what it says that the quote carries
  // The key's birth, as its TPM attested it: TPMS_CREATION_DATA, TPMS_ATTEST, TPMT_SIGNATURE.
  struct Creation {
    ByteView data;
    ByteView attest;
    ByteView signature;
  };
  std::optional<Creation> creation;
  std::vector<std::unique_ptr<const Bytes>> decoded;

  ByteView keep(Bytes bytes) { return *decoded.emplace_back(std::make_unique<const Bytes>(std::move(bytes))); }
};

// Both forms, told apart by their members:
// `ak_public`: {"ak_public":SPKI,"tpm_quote":{"message","signature","pcrs":[24 of hexadecimal]}} (Confidential
// Containers), base64;
// `AK`: {"Static","AK":{"Public",…},"Quote":{…},"Log":{"PCRs","PCRAlg","Raw"}} (go-attestation), base64.
// kMalformed for another, and for members that are not read.
Result<TpmEvidence> parse_tpm_evidence(ByteView text);

// The list of 24 PCRs, or fewer from 0 on, of a JSON array of texts in hexadecimal or of arrays of numbers.
Result<PcrValues> read_pcr_list(const simdjson::dom::array& list);
// An array of numbers from 0 to 255.
Result<Bytes> read_byte_array(const simdjson::dom::array& list);

}  // namespace redoubt::attest
