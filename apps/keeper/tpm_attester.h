// Evidence of this machine by its TPM: what was measured before we ran, signed together with what the gateway's callers
// are to be told.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "tpm/attestation_key.h"
#include "tpm/measurement_log.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt {

// After open(), the thread that owns the TPM.
class TpmAttester {
 public:
  // `tpm` is open. The key and the log of measurements are files of the launcher's in the working folder.
  static Result<TpmAttester> open(tpm::Tpm tpm, FileSystem& fs);

  // Evidence over a batch (attest::batch_of()), in the form in which callers get it, with one part: `tpm`. Errors:
  // kMalformed for another statement; those of tpm/.
  Result<Bytes> attest(ByteView statement);

 private:
  TpmAttester(tpm::Tpm tpm, tpm::AttestationKey key, tpm::MeasurementLog log, tpm::PcrSelection pcrs);

  tpm::Tpm tpm_;
  tpm::AttestationKey key_;
  tpm::MeasurementLog log_;
  tpm::PcrSelection pcrs_;
};

}  // namespace redoubt
