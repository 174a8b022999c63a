// Evidence of this machine by its TPM: what was measured, signed together with what the gateway's callers are to be
// told.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "keeper/measuring.h"
#include "ledger/activation.h"
#include "tpm/attestation_key.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt {

// After open(), the thread that owns the TPM.
class TpmAttester {
 public:
  // `tpm` is open. The keys are files of the working folder, the launcher's; `measured` is the path of the folder of
  // what was measured, which is written to later. `fs` outlives this. Errors: of the files; those of Measuring::open().
  static Result<TpmAttester> open(tpm::Tpm tpm, FileSystem& fs, std::string measured);

  // check_bundle(), by this TPM.
  Result<> check_bundle(FileSystem& fs, const std::string& ledger_folder, const std::string& bundle) {
    return redoubt::check_bundle(tpm_, measuring_, fs, ledger_folder, bundle);
  }
  Result<> measure(const ledger::Activation& activation) { return measuring_.measure(tpm_, activation); }

  // Evidence over a batch (attest::batch_of()), in the form in which callers get it, with one part: `tpm`. Errors:
  // kMalformed for another statement; those of tpm/.
  Result<Bytes> attest(ByteView statement);

  // What names this machine: `sha256:` and the digest of its attestation key.
  std::string name() const;

  // For what is sealed to it, before attest() is called.
  tpm::Tpm& tpm() { return tpm_; }
  const tpm::MeasurementLog& log() const { return measuring_.log(); }

 private:
  TpmAttester(tpm::Tpm tpm, tpm::AttestationKey key, Measuring measuring)
      : tpm_(std::move(tpm)), key_(std::move(key)), measuring_(std::move(measuring)) {}

  tpm::Tpm tpm_;
  tpm::AttestationKey key_;
  Measuring measuring_;
};

}  // namespace redoubt
