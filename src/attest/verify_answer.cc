#include "attest/verify_answer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "attest/internal/event_log.h"
#include "attest/internal/tpm_evidence.h"

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

bool is_extended(const ClaimObject& claims, const std::string& pcr) {
  const Claim* const pcrs = find_claim(claims, "pcrs");
  const Claim* const value = pcrs == nullptr || pcrs->object() == nullptr ? nullptr : find_claim(*pcrs->object(), pcr);
  return value != nullptr && value->text() != nullptr && value->text()->find_first_not_of('0') != std::string::npos;
}

}  // namespace

// The keeper has it measured, and whoever answers vouches for it: who took over the latter can leave out the log, or
// name another bundle, and not change the register.
Result<bool> check_measured_bundle(const Appraisal& appraisal, const Vouched& vouched) {
  bool measured = false;
  for (const PartResult& part : appraisal.parts) {
    if (part.kind != Kind::kTpm || !is_extended(part.claims, std::to_string(LogReplay::kBundleRegister))) continue;
    const Claim* const bundle = find_claim(part.claims, kMeasuredBundle);
    if (bundle == nullptr) return refused("a bundle was measured, and the log that says which is not there");
    if (!vouched.bundle || *bundle != Claim(ByteView(*vouched.bundle))) {
      return refused("the bundle that is vouched for is not the one that was measured last");
    }
    measured = true;
  }
  return measured;
}

Result<Appraisal> appraise_answer(Verifier& verifier, const EvidenceAnswer& answer, const ReportData& binding,
                                  UnixMillis at, const std::vector<Endorsement>& files, const AppraisalPolicy& policy,
                                  const ReferenceValues& references) {
  const auto quoted = quoted_for(binding, answer.place);
  if (!quoted) return quoted.error();
  CompositeEvidence evidence{.parts = {}, .statement = {}, .nonce = *quoted, .at = at};
  for (const EvidenceAnswer::Part& part : answer.parts) {
    Inputs inputs = part.evidence.inputs();
    for (const Endorsement& each : files) {
      if (each.kind == part.evidence.kind) inputs.set(each.role, each.bytes);
    }
    evidence.parts.push_back({part.name, part.evidence.kind, inputs});
  }
  if (answer.statement) evidence.statement = *answer.statement;
  Appraisal out = appraise(verifier, evidence, policy, references);
  if (out.accepted) return out;
  return refused(out.problems.empty() ? "the evidence is not accepted" : out.problems.front());
}

std::optional<crypto::Sha256Digest> bundle_in_log(const EvidenceAnswer& answer) {
  for (const EvidenceAnswer::Part& part : answer.parts) {
    for (const auto& file : part.evidence.files) {
      if (part.evidence.kind != Kind::kTpm || file.role != Role::kEvidence) continue;
      const auto evidence = parse_tpm_evidence(file.bytes);
      if (!evidence || !evidence->event_log) continue;
      const auto replay = replay_tcg_log(*evidence->event_log);
      crypto::Sha256Digest out;
      if (!replay || !replay->bundle || replay->bundle->size() != out.size()) continue;
      std::ranges::copy(*replay->bundle, out.begin());
      return out;
    }
  }
  return std::nullopt;
}

Result<AttestedPeer> verify_answer(Verifier& verifier, std::string_view text, const Expectation& expectation,
                                   const AppraisalPolicy& policy, const ReferenceValues& references) {
  const auto read = read_answer(text);
  if (!read) return read.error();
  const auto* const answer = std::get_if<EvidenceAnswer>(&*read);
  if (answer == nullptr) return Error(Errc::kInvalidArgument, "the answer is the proof of a lease, not evidence");
  return verify_answer(verifier, *answer, expectation, policy, references);
}

Result<AttestedPeer> verify_answer(Verifier& verifier, const EvidenceAnswer& answer, const Expectation& expectation,
                                   const AppraisalPolicy& policy, const ReferenceValues& references) {
  if (answer.sender != expectation.channel.sender) return refused("the evidence is of the other end");
  if (expectation.bundle && answer.vouched.bundle != expectation.bundle) return refused("the bundle is another");
  const ReportData binding = channel_binding(expectation.channel, answer.vouched);
  auto appraisal = appraise_answer(verifier, answer, binding, expectation.at, expectation.files, policy, references);
  if (!appraisal) return appraisal.error();
  const auto measured = check_measured_bundle(*appraisal, answer.vouched);
  if (!measured) return measured.error();
  AttestedPeer out{
      .appraisal = *std::move(appraisal), .vouched = answer.vouched, .is_bundle_measured = *measured, .lease = {}};
  out.lease = lease_of(answer, expectation, out.appraisal);
  return out;
}

}  // namespace redoubt::attest
