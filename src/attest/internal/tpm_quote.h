// A TPM's quote while it is judged: the signature, the PCRs that it covers, the nonce, the log. Who vouches for the key
// is the caller's to find out: a certificate, a pin, or the report of a CPU.
#pragma once

#include <optional>

#include "attest/internal/examination.h"
#include "attest/internal/pcr_values.h"
#include "attest/tpm_structures.h"

namespace redoubt::attest {

// Views of what must outlive it.
struct QuoteEvidence {
  ByteView attest;  // TPMS_ATTEST
  TpmSignature signature;
  const PcrValues& pcrs;
  std::optional<ByteView> event_log;  // TCG2
};

// Judges it as signed by `ak`. `public_area`, if there is one, is the key's: its scheme binds. Claims: bank, pcrs,
// extra_data, tpm_clock_ms, tpm_reset_count, tpm_restart_count, tpm_safe, tpm_firmware_version, qualified_signer,
// signature_algorithm, ak_sha256; of a log, those of note_log().
void examine_quote(Examination& examination, const QuoteEvidence& evidence, const crypto::PublicKey& ak,
                   const TpmPublic* public_area = nullptr);

// A log alone: claims bank and pcrs, as it replays.
void examine_tcg_log(Examination& examination, ByteView log);

// Notes the failure to read `part`: kSignature for an algorithm or key that is not taken, else kMalformed.
void note_unreadable(Examination& examination, std::string_view part, const Error& error);

}  // namespace redoubt::attest
