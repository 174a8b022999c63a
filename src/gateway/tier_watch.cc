#include "gateway/tier_watch.h"

#include <utility>

#include "attest/verify_answer.h"
#include "base/log.h"
#include "crypto/secret.h"

namespace redoubt::gateway {

TierWatch::TierWatch(EvidenceDesk& desk, const Clock& clock, attest::AppraisalPolicy policy)
    : desk_(desk), clock_(clock), policy_(std::move(policy)) {}

void TierWatch::tick() {
  if (asked_ || clock_.steady() < next_) return;
  asked_ = true;
  attest::ReportData binding;
  crypto::random_bytes(binding);
  desk_.attest(binding, [this, binding](const Result<EvidenceDesk::Attested>& attested) { judge(binding, attested); });
}

void TierWatch::judge(const attest::ReportData& binding, const Result<EvidenceDesk::Attested>& attested) {
  asked_ = false;
  if (!attested) return conclude("there is no evidence: " + attested.error().message());
  attest::EvidenceAnswer answer = *attested->evidence;
  answer.place = attested->place;
  const auto appraisal = attest::appraise_answer(verifier_, answer, binding, clock_.now(), {}, policy_, {});
  conclude(appraisal ? std::string() : appraisal.error().message());
}

void TierWatch::conclude(std::string problem) {
  next_ = clock_.steady() + (problem.empty() ? kInterval : kRetry);
  const std::lock_guard lock(mutex_);
  if (problem == problem_) return;
  if (problem.empty()) {
    log::info("gateway", "the tier that is demanded is reached", {{"tier", to_string(policy_.min_tier)}});
  } else {
    log::error("gateway", "the tier that is demanded is not reached: not ready",
               {{"tier", to_string(policy_.min_tier)}, {"why", problem}});
  }
  problem_ = std::move(problem);
}

std::string TierWatch::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace redoubt::gateway
