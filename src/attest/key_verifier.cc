#include "attest/key_verifier.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "attest/intel_quote.h"
#include "attest/internal/key_evidence_forms.h"
#include "attest/sev_snp_report.h"
#include "base/check.h"

namespace redoubt::attest {

namespace {

constexpr std::array<std::pair<EvidenceForm, std::string_view>, 3> kForms{
    {{EvidenceForm::kRedoubt, "redoubt"}, {EvidenceForm::kTinfoil, "tinfoil"}, {EvidenceForm::kDstack, "dstack"}}};
constexpr std::size_t kBoundMin = 32;

Error unfit(std::string why) {
  return {Errc::kInvalidArgument, std::move(why)};
}

Error refused(std::string why) {
  return {Errc::kVerifyFailed, std::move(why)};
}

// As the evidence itself has it, unproven: what is signed is compared once more.
Result<ReportData> report_data_of(const ProducedEvidence& evidence) {
  const ByteView bytes = evidence.files.front().bytes;
  if (evidence.kind == Kind::kSevSnp) {
    const auto report = parse_snp_report(bytes);
    if (!report) return report.error();
    return report->report_data;
  }
  const auto quote = parse_intel_quote(bytes);
  if (!quote) return quote.error();
  const auto* const report = std::get_if<TdReport>(&quote->report);
  if (report == nullptr) return Error(Errc::kMalformed, "the quote is of no trust domain");
  return report->report_data;
}

// Nothing but what pins the code is left of the references.
Result<> check_terms(const KeyEvidenceForm& form, std::string_view name, KeyTerms& terms) {
  if (terms.policy.need_statement)
    return unfit("the policy demands a statement, which `" + std::string(name) + "` lacks");
  bool has_part = false;
  for (const auto& [part_name, part] : terms.policy.parts) {
    if (!form.has_kind(part.kind)) {
      return unfit("the policy has the part `" + part_name + "`, and evidence in the form of `" + std::string(name) +
                   "` is never of that kind");
    }
    if (!part.need_reference) {
      return unfit("the policy's part `" + part_name + "` needs no reference value: nothing would say which code runs");
    }
    if (!part.policy.require_collateral) {
      return unfit("the policy's part `" + part_name +
                   "` needs no collateral: nothing would say how old the platform is");
    }
    has_part = true;
  }
  if (!has_part) return unfit("the policy has no part");
  ReferenceValues pinning;
  for (const ReferenceValue& each : terms.references.all()) {
    if (!form.pins_code(each)) continue;
    if (auto added = pinning.add(each); !added) return added.error();
  }
  if (pinning.all().empty()) {
    return unfit("no reference value pins all that evidence in the form of `" + std::string(name) +
                 "` says of the code (docs/attestation-adapters.md)");
  }
  terms.references = std::move(pinning);
  return {};
}

}  // namespace

std::string_view to_string(EvidenceForm form) {
  return std::ranges::find(kForms, form, &std::pair<EvidenceForm, std::string_view>::first)->second;
}

std::optional<EvidenceForm> find_evidence_form(std::string_view name) {
  for (const auto& [form, own] : kForms) {
    if (own == name) return form;
  }
  return std::nullopt;
}

std::unique_ptr<const KeyEvidenceForm> make_key_evidence_form(EvidenceForm form) {
  switch (form) {
    case EvidenceForm::kRedoubt:
      break;
    case EvidenceForm::kTinfoil:
      return make_tinfoil_form();
    case EvidenceForm::kDstack:
      return make_dstack_form();
  }
  return nullptr;
}

Result<KeyVerifier> KeyVerifier::create(EvidenceForm form, KeyTerms terms) {
  auto made = make_key_evidence_form(form);
  if (!made) return unfit("evidence in the form of `redoubt` is bound to the channel");
  if (auto done = check_terms(*made, to_string(form), terms); !done) return done.error();
  return KeyVerifier(std::move(made), std::move(terms));
}

Result<KnownPeer> KeyVerifier::judge(const crypto::Certificate& leaf, std::string_view document, UnixMillis at) {
  const auto shown = form_->read(leaf, document);
  if (!shown) return shown.error();
  const auto report_data = report_data_of(shown->evidence);
  if (!report_data) return report_data.error();
  // INVARIANT: a form binds as much as a digest has.
  REDOUBT_CHECK(shown->bound.size() >= kBoundMin && shown->bound.size() <= report_data->size());
  if (!std::ranges::equal(ByteView(*report_data).first(shown->bound.size()), shown->bound)) {
    return refused("the evidence is over another TLS key than this connection's");
  }
  const Kind kind = shown->evidence.kind;
  const auto part =
      std::ranges::find_if(terms_.policy.parts, [&](const auto& each) { return each.second.kind == kind; });
  if (part == terms_.policy.parts.end()) {
    return refused("the policy accepts no evidence of the kind `" + std::string(to_string(kind)) + "`");
  }
  Evidence alone{.kind = kind, .inputs = shown->evidence.inputs(), .at = at, .nonce = *report_data};
  for (const Endorsement& each : terms_.files) {
    if (each.kind == kind) alone.inputs.set(each.role, each.bytes);
  }
  const Verdict said = verifier_.verify(alone, part->second.policy);
  const Inputs inputs = terms_.collateral.supply(alone, said.claims).value_or(alone.inputs);
  // INVARIANT: the report data that was compared with the key is the one that is signed.
  CompositeEvidence evidence{.parts = {}, .statement = {}, .nonce = *report_data, .at = at};
  evidence.parts.push_back({part->first, kind, inputs});
  const Appraisal appraisal = appraise(verifier_, evidence, terms_.policy, terms_.references);
  if (!appraisal.accepted) {
    return refused(appraisal.problems.empty() ? "the evidence is not accepted" : appraisal.problems.front());
  }
  const UnixMillis end{at.value + terms_.connection_ms};
  return KnownPeer{.tier = appraisal.tier,
                   .bound_to = BoundTo::kKey,
                   .measurer = measurer_of(appraisal),
                   .identity = form_->identity(appraisal),
                   .bundle = {},
                   .until = appraisal.valid_until ? std::min(end, *appraisal.valid_until) : end};
}

}  // namespace redoubt::attest
