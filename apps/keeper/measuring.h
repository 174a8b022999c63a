// What the TPM is told beside what the launcher told it: which bundle is in force. In a register, so that quotes show
// it, and in a history that outlives the machine's restarts, so that who puts old files back is noticed.
//
// Both are written down before the TPM is told, in the folder `measured`, so that a kill at any point heals with the
// next start.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "ledger/activation.h"
#include "sealing/activation_approval.h"
#include "tpm/history_log.h"
#include "tpm/measurement_log.h"
#include "tpm/tpm.h"

namespace redoubt {

// The thread that owns the TPM.
class Measuring {
 public:
  // 14 is what shim measures its keys into on most machines with Secure Boot; nothing extends this one where a boot
  // loader starts the system, and where systemd does, `measure` refuses it.
  static constexpr unsigned kBundlePcr = 15;
  // So many events of the log are left to starts of the server on this boot of the machine.
  static constexpr std::size_t kLeftForStarts = 64;

  // The log is the launcher's, of this boot. `folder` holds both files; `fs` outlives this. Errors: kVerifyFailed when
  // the history is not that of its log, and others of tpm::catch_up(): this is not the TPM, or not the folder, that it
  // was.
  static Result<Measuring> open(tpm::Tpm& tpm, FileSystem& fs, std::string folder, crypto::Secret history_key);

  // The last activation that the TPM knows of, as its history has it.
  std::optional<ledger::KnownActivation> known() const;
  const tpm::MeasurementLog& log() const { return log_; }

  // Nothing is extended by what was measured last. Errors: kInvalidArgument for an activation before that one;
  // kResourceExhausted when the log has no room left: until the machine starts anew, evidence shows the bundle before;
  // those of files and of tpm::catch_up().
  Result<> measure(tpm::Tpm& tpm, const ledger::Activation& activation);

 private:
  Measuring(FileSystem& fs, std::string folder, crypto::Secret history_key, tpm::MeasurementLog log,
            tpm::HistoryLog history)
      : fs_(&fs),
        folder_(std::move(folder)),
        history_key_(std::move(history_key)),
        log_(std::move(log)),
        history_(std::move(history)) {}
  Result<> add_to_history(const ledger::Activation& activation);
  Result<> add_to_log(const ledger::Activation& activation);

  FileSystem* fs_;
  std::string folder_;
  crypto::Secret history_key_;
  tpm::MeasurementLog log_;
  tpm::HistoryLog history_;
};

// The last activation by the ledger's folder, which must go on from the history in the folder `measured`. Nothing
// before the first. Neither a key nor the TPM is asked: whether the history is the TPM's, Measuring::open() says.
// Errors: kVerifyFailed when the ledger lacks what the history has; those of ledger::last_activation() and of files.
Result<std::optional<ledger::Activation>> bundle_in_force(FileSystem& fs, const std::string& measured,
                                                          const std::string& ledger_folder);

// Whether a server may start with the bundle in the operator's files (`sha256:` and 64 digits): it is the one in force,
// or approved in its place. Nothing is demanded before the first. `approved`: its signature holds. Errors:
// kPermissionDenied, with what to do.
Result<> check_bundle(const std::optional<ledger::Activation>& in_force, const std::string& bundle,
                      const std::optional<sealing::ActivationApproval>& approved);

}  // namespace redoubt
