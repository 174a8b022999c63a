// Evidence of this machine: by its TPM, what was measured, signed together with what the gateway's callers are to be
// told; and, where the machine has one, by the processor over the same.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "keeper/cpu_evidence.h"
#include "keeper/measuring.h"
#include "keys/key_store.h"
#include "ledger/activation.h"
#include "sealing/activation_approval.h"
#include "tpm/attestation_key.h"
#include "tpm/quote.h"
#include "tpm/tpm.h"

namespace redoubt {

// After open(), the thread that owns the TPM.
class TpmAttester {
 public:
  // `tpm` is open. The keys are those of the working folder (attesting_keys.h); `measured` is the path of the folder of
  // what was measured, which is written to later. `fs` outlives this. `cpu`: where there is to be evidence by the
  // processor, who is asked for it. Errors: of the files; those of open_attesting_keys() and Measuring::open().
  static Result<TpmAttester> open(tpm::Tpm tpm, FileSystem& fs, const keys::KeyStore& store, std::string measured,
                                  std::optional<CpuEvidence> cpu = std::nullopt);

  Result<> measure(const ledger::Activation& activation) { return measuring_.measure(tpm_, activation); }

  // Evidence over a batch (attest::batch_of()), in the form in which callers get it: the part `tpm`, and `cpu` where
  // there is to be one; never one without the other. Waits for both at once. Errors: kMalformed for another statement;
  // those of tpm/ and of CpuEvidence.
  Result<Bytes> attest(ByteView statement);

  // What names this machine: `sha256:` and the digest of its attestation key.
  std::string name() const;
  // Whose evidence stands beside the TPM's.
  std::optional<attest::Kind> cpu() const { return cpu_ ? std::optional(cpu_->kind()) : std::nullopt; }

 private:
  TpmAttester(tpm::Tpm tpm, tpm::AttestationKey key, Measuring measuring, std::optional<CpuEvidence> cpu)
      : tpm_(std::move(tpm)), quoter_(tpm_, std::move(key)), measuring_(std::move(measuring)), cpu_(std::move(cpu)) {}

  tpm::Tpm tpm_;
  tpm::Quoter quoter_;  // of tpm_
  Measuring measuring_;
  std::optional<CpuEvidence> cpu_;
};

}  // namespace redoubt
