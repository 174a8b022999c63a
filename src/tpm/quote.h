// A TPM's signed statement of what its registers hold, and the forms in which verifiers read it.
//
//   Quoter quoter(tpm, key);
//   auto quote = quoter.quote({0, 1, 2, 3, 4, 5, 6, 7, 14}, nonce);
//   write(evidence_json(key, *quote, log));   // redoubt attest verify --kind tpm
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "tpm/attestation_key.h"
#include "tpm/measurement_log.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

inline constexpr std::size_t kMinQualifyingData = 32;
inline constexpr std::size_t kMaxQualifyingData = 64;

struct Quote {
  Bytes attest;           // TPMS_ATTEST, the bytes that are signed
  Bytes signature;        // TPMT_SIGNATURE
  PcrValues pcrs;         // those that were quoted: the attest has their digest
  Bytes qualifying_data;  // what the relying party sent
};

// Makes quotes with one key, one after another. After the first a quote takes three commands: the loaded key comes back
// from a context that the TPM saved (Part 1 §30), signs, and goes; its places in the TPM are free between quotes. A TPM
// that was reset refuses the context, and the key is loaded as it was at first.
class Quoter {
 public:
  // `tpm` may be moved, and what it is moved to outlives this. Its thread.
  Quoter(Tpm& tpm, AttestationKey key);
  Quoter(Quoter&&) noexcept;
  Quoter& operator=(Quoter&&) noexcept;
  ~Quoter();

  const AttestationKey& key() const;

  // Of the registers as they are now. Errors: kInvalidArgument for an empty selection or qualifying data outside
  // kMinQualifyingData to kMaxQualifyingData; kConflict when registers change between reading and quoting, four times
  // over; kVerifyFailed when the key is another TPM's; kCorrupt when the key's bytes were altered; and those of
  // read_pcrs().
  Result<Quote> quote(PcrSelection pcrs, ByteView qualifying_data);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The list of registers beside the bare structures: `{"bank":"sha256","pcrs":{"0":"HEX",…}}`.
std::string pcrs_json(const PcrValues& pcrs);

// Everything in one text, as go-attestation writes it: the key with its birth, the quote with its nonce, the registers,
// and the log, which may be empty and never absent.
std::string evidence_json(const AttestationKey& key, const Quote& quote, const MeasurementLog& log);

}  // namespace redoubt::tpm
