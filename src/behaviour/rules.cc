#include "behaviour/rules.h"

#include "base/check.h"

// Tags are ids of MITRE ATLAS (https://atlas.mitre.org), the OWASP Top 10 for LLM Applications 2026,
// and the OWASP Top 10 for Agentic Applications 2026; and `redoubt:induced` where what somebody else wrote, and the
// principal merely read, may have brought the signal about: no automatic response touches the principal for it.

namespace redoubt::behaviour {
namespace {

using Tags = std::span<const std::string_view>;

constexpr std::string_view kDenied[] = {"atlas:AML.T0040", "owasp-agentic:ASI03:2026"};
constexpr std::string_view kFlood[] = {"atlas:AML.T0029", "atlas:AML.T0034", "owasp-llm:LLM06:2026"};
constexpr std::string_view kExfiltration[] = {"atlas:AML.T0024", "atlas:AML.T0025", "owasp-llm:LLM02:2026"};
constexpr std::string_view kModelUse[] = {"atlas:AML.T0040", "owasp-agentic:ASI03:2026"};
constexpr std::string_view kPolicy[] = {"atlas:AML.T0040", "owasp-llm:LLM03:2026", "owasp-agentic:ASI02:2026"};
constexpr std::string_view kData[] = {"atlas:AML.T0085", "owasp-llm:LLM02:2026"};
constexpr std::string_view kExtraction[] = {"atlas:AML.T0024.002", "owasp-llm:LLM06:2026"};
constexpr std::string_view kProbing[] = {"atlas:AML.T0043", "atlas:AML.T0042", "owasp-llm:LLM01:2026"};
constexpr std::string_view kStuffing[] = {"atlas:AML.T0012", "owasp-agentic:ASI03:2026"};
constexpr std::string_view kTool[] = {"atlas:AML.T0053", "owasp-llm:LLM03:2026", "owasp-agentic:ASI02:2026",
                                      "owasp-agentic:ASI10:2026", "redoubt:induced"};
constexpr std::string_view kPrivilege[] = {"atlas:AML.T0012", "atlas:AML.T0085", "owasp-agentic:ASI03:2026"};
constexpr std::string_view kInjection[] = {"atlas:AML.T0051.001", "atlas:AML.T0086", "owasp-llm:LLM01:2026",
                                           "owasp-agentic:ASI01:2026", "redoubt:induced"};
constexpr std::string_view kSlow[] = {"atlas:AML.T0040", "atlas:AML.T0012", "owasp-llm:LLM06:2026"};
constexpr std::string_view kShift[] = {"owasp-llm:LLM06:2026", "owasp-agentic:ASI10:2026"};
constexpr std::string_view kRamp[] = {"atlas:AML.T0020", "owasp-agentic:ASI10:2026"};
constexpr std::string_view kSmall[] = {"atlas:AML.T0012", "owasp-agentic:ASI03:2026"};

constexpr std::array<RuleInfo, kRuleCount> kRules = {{
    {Rule::kDeniedAccess, "behaviour.denied_access", "access denied again and again", Severity::kMedium, kDenied},
    {Rule::kPromptFlood, "behaviour.prompt_flood", "far more requests at once than ever", Severity::kHigh, kFlood},
    {Rule::kExfiltrationVolume, "behaviour.exfiltration_volume", "far more data out than ever", Severity::kHigh,
     kExfiltration},
    {Rule::kExfiltrationDrip, "behaviour.exfiltration_drip", "a little more data out, day after day", Severity::kHigh,
     kExfiltration},
    {Rule::kUnauthorisedModel, "behaviour.unauthorised_model", "denied models that it never used", Severity::kMedium,
     kModelUse},
    {Rule::kOutsidePolicy, "behaviour.outside_policy", "denied operations that it never made, or answers withheld",
     Severity::kMedium, kPolicy},
    {Rule::kBulkData, "behaviour.bulk_data", "large reads of data again and again", Severity::kHigh, kData},
    {Rule::kModelExtraction, "behaviour.model_extraction", "covers a model with more different prompts than ever",
     Severity::kHigh, kExtraction},
    {Rule::kAdversarialProbing, "behaviour.adversarial_probing", "many variants of one text, at the boundary",
     Severity::kHigh, kProbing},
    {Rule::kCredentialStuffing, "behaviour.credential_stuffing", "many failed authentications from one source",
     Severity::kMedium, kStuffing},
    {Rule::kStuffingSucceeded, "behaviour.stuffing_succeeded", "authenticated from where credentials were tried",
     Severity::kCritical, kStuffing},
    {Rule::kNewTool, "behaviour.new_tool", "calls a tool that it never called", Severity::kMedium, kTool},
    {Rule::kPrivilegeThenBulk, "behaviour.privilege_then_bulk", "more privileges, and bulk reads after it",
     Severity::kHigh, kPrivilege},
    {Rule::kInjectionThenOutbound, "behaviour.injection_then_outbound",
     "injection found, and a call that leads outside after it", Severity::kCritical, kInjection},
    {Rule::kLowAndSlow, "behaviour.low_and_slow", "a little by each of many credentials of a tenant", Severity::kHigh,
     kSlow},
    {Rule::kActivityShift, "behaviour.activity_shift", "far from its own usual level", Severity::kMedium, kShift},
    {Rule::kActivityDrift, "behaviour.activity_drift", "drifts away from its own past", Severity::kMedium, kShift},
    {Rule::kBaselineRamp, "behaviour.baseline_ramp", "rises steadily, as if to teach a new usual", Severity::kMedium,
     kRamp},
    {Rule::kPeerOutlier, "behaviour.peer_outlier", "far from what its peers do", Severity::kMedium, kShift},
    {Rule::kSeveralSmall, "behaviour.several_small", "several small things that are new at once", Severity::kMedium,
     kSmall},
    {Rule::kTensorExtraction, "behaviour.tensor_extraction", "queries are placed around each other, not drawn",
     Severity::kHigh, kExtraction},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].rule) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const RuleInfo> built_in_rules() {
  return kRules;
}

const RuleInfo& info_of(Rule rule) {
  const auto at = static_cast<std::size_t>(rule);
  REDOUBT_CHECK(at < kRules.size());
  return kRules[at];
}

}  // namespace redoubt::behaviour
