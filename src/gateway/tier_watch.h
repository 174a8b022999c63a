// Whether this server may say of itself what its operator demands: `enclave.min_tier`. It asks for its own evidence as
// any caller does and has it judged by the same verifier, at the start and then again and again, so that a TPM that is
// lost is noticed.
//
//   TierWatch watch(desk, clock, policy);      // on one core; tick() by its sweep
//   if (auto why = watch.problem(); !why.empty()) …   // `/readyz`
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "attest/appraisal.h"
#include "base/clock.h"
#include "gateway/evidence_desk.h"

namespace redoubt::gateway {

// The desk's thread, but for problem().
class TierWatch {
 public:
  static constexpr std::chrono::seconds kInterval{5};  // between two judgements, while nothing is wrong
  static constexpr std::chrono::seconds kRetry{1};

  // `policy` has the tier that is demanded. `desk` and `clock` must outlive this; the desk's sweep and client end
  // before.
  TierWatch(EvidenceDesk& desk, const Clock& clock, attest::AppraisalPolicy policy);

  void tick();

  // Why the tier is not reached, a line without its end; empty while it is. Any thread.
  std::string problem() const;

 private:
  void judge(const attest::ReportData& binding, const Result<EvidenceDesk::Attested>& attested);
  void conclude(std::string problem);

  EvidenceDesk& desk_;
  const Clock& clock_;
  const attest::AppraisalPolicy policy_;
  attest::Verifier verifier_;
  bool asked_ = false;
  std::chrono::steady_clock::time_point next_{};
  mutable std::mutex mutex_;
  std::string problem_ = "its own evidence was not judged yet";  // guarded by mutex_
};

}  // namespace redoubt::gateway
