// What verify_answer() and verify_sealed_key() share: from an answer whose place in its batch holds to an appraisal.
#pragma once

#include <vector>

#include "attest/appraisal.h"
#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "attest/verifier.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::attest {

// `quoted`: what the answer's quote must be over. kVerifyFailed with the first reason when it is not accepted.
Result<Appraisal> appraise_answer(Verifier& verifier, const EvidenceAnswer& answer, const ReportData& quoted,
                                  const std::vector<Endorsement>& files, UnixMillis at, const AppraisalPolicy& policy,
                                  const ReferenceValues& references);

}  // namespace redoubt::attest
