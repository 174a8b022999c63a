#include "attest/verdict.h"

#include <algorithm>

#include "base/check.h"
#include "base/timestamp.h"
#include "encoding/json_writer.h"

namespace redoubt::attest {

namespace {

constexpr std::array<std::string_view, kReasonCount> kReasonNames{"malformed", "trailing",  "chain",   "expired",
                                                                  "revoked",   "signature", "binding", "nonce",
                                                                  "debug",     "event_log", "tcb",     "measurement"};

}  // namespace

std::string_view to_string(Reason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

std::optional<Reason> find_reason(std::string_view name) {
  const auto at = std::ranges::find(kReasonNames, name);
  if (at == kReasonNames.end()) return std::nullopt;
  return static_cast<Reason>(at - kReasonNames.begin());
}

std::optional<Reason> Verdict::reason() const {
  REDOUBT_CHECK(!checks.empty());
  std::optional<Reason> first;
  for (const Check& each : checks) {
    if (each.outcome == Check::Outcome::kFailed && (!first || each.about < *first)) first = each.about;
  }
  return first;
}

std::string to_json(const Verdict& verdict) {
  constexpr std::array<std::string_view, 3> kOutcomes{"passed", "failed", "not_asked"};
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.member("kind", to_string(verdict.kind));
  out.member("attests", verdict.attests);
  const auto reason = verdict.reason();
  out.member("accepted", !reason);
  if (reason) out.member("reason", to_string(*reason));
  out.key("checks");
  out.begin_array();
  for (const Check& each : verdict.checks) {
    out.begin_object();
    out.member("about", to_string(each.about));
    out.member("outcome", kOutcomes[static_cast<std::size_t>(each.outcome)]);
    out.member("what", each.what);
    out.end_object();
  }
  out.end_array();
  out.key("claims");
  write_claim(out, Claim(verdict.claims));
  if (verdict.valid_until) out.member("valid_until", format_timestamp(*verdict.valid_until));
  out.end_object();
  return text;
}

}  // namespace redoubt::attest
