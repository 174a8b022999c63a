#include "attest/verify_answer.h"

#include <string>
#include <utility>
#include <variant>

#include "attest/internal/appraise_answer.h"

namespace redoubt::attest {

namespace {

Error refused(std::string why) {
  return {Errc::kVerifyFailed, std::move(why)};
}

std::optional<Lease> lease_of(const EvidenceAnswer& answer, const Expectation& expectation,
                              const Appraisal& appraisal) {
  if (!answer.vouched.lease_key || !answer.vouched.bundle) return std::nullopt;
  return Lease{.key = *answer.vouched.lease_key,
               .sender = answer.sender,
               .leaf = expectation.channel.leaf,
               .evidence = evidence_digest(answer),
               .bundle = *answer.vouched.bundle,
               .verified_at = expectation.at,
               .valid_until = appraisal.valid_until};
}

}  // namespace

Result<Appraisal> appraise_answer(Verifier& verifier, const EvidenceAnswer& answer, const ReportData& quoted,
                                  const std::vector<Endorsement>& files, UnixMillis at, const AppraisalPolicy& policy,
                                  const ReferenceValues& references) {
  CompositeEvidence evidence{.parts = {}, .statement = {}, .nonce = quoted, .at = at};
  for (const EvidenceAnswer::Part& part : answer.parts) {
    Inputs inputs = part.evidence.inputs();
    for (const Endorsement& each : files) {
      if (each.kind == part.evidence.kind) inputs.set(each.role, each.bytes);
    }
    evidence.parts.push_back({part.name, part.evidence.kind, inputs});
  }
  if (answer.statement) evidence.statement = *answer.statement;
  Appraisal out = appraise(verifier, evidence, policy, references);
  if (!out.accepted) return refused(out.problems.empty() ? "the evidence is not accepted" : out.problems.front());
  return out;
}

Result<AttestedPeer> verify_answer(Verifier& verifier, std::string_view text, const Expectation& expectation,
                                   const AppraisalPolicy& policy, const ReferenceValues& references) {
  const auto read = read_answer(text);
  if (!read) return read.error();
  const auto* const answer = std::get_if<EvidenceAnswer>(&*read);
  if (answer == nullptr) return Error(Errc::kInvalidArgument, "the answer is the proof of a lease, not evidence");
  if (answer->sender != expectation.channel.sender) return refused("the evidence is of the other end");
  if (expectation.bundle && answer->vouched.bundle != expectation.bundle) return refused("the bundle is another");
  const auto quoted = quoted_for(channel_binding(expectation.channel, answer->vouched), answer->place);
  if (!quoted) return quoted.error();
  auto appraisal = appraise_answer(verifier, *answer, *quoted, expectation.files, expectation.at, policy, references);
  if (!appraisal) return appraisal.error();
  AttestedPeer out{.appraisal = *std::move(appraisal), .vouched = answer->vouched, .lease = {}};
  out.lease = lease_of(*answer, expectation, out.appraisal);
  return out;
}

}  // namespace redoubt::attest
