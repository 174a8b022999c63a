// `redoubt attest show`.
#include <algorithm>
#include <cstdio>

#include "attest/verifier.h"
#include "redoubt/attest/claims_text.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

// What evidence says is found while it is judged; here the judgement is left out: nobody is trusted, at no time.
Result<attest::Verdict> read(const ShowOptions& options) {
  const auto kind = read_kind(options.kind);
  if (!kind) return kind.error();
  InputFiles files;
  for (const std::string& each : options.inputs) {
    if (auto added = files.add(each); !added) return added.error();
  }
  attest::Verifier verifier(attest::Trust::kNobody);
  return verifier.verify({.kind = *kind, .inputs = files.inputs(), .at = UnixMillis{0}, .nonce = {}}, {});
}

// What of the files is not in its form, so that claims may be missing.
std::vector<std::string> problems_of(const attest::Verdict& verdict) {
  std::vector<std::string> out;
  for (const attest::Check& each : verdict.checks) {
    const bool form = each.about == attest::Reason::kMalformed || each.about == attest::Reason::kTrailing;
    if (form && each.outcome == attest::Check::Outcome::kFailed) out.push_back(each.what);
  }
  return out;
}

std::string to_json(const attest::Verdict& verdict, const std::vector<std::string>& problems) {
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.member("kind", attest::to_string(verdict.kind));
  out.member("judged", false);
  out.key("claims");
  attest::write_claim(out, attest::Claim(verdict.claims));
  out.key("problems");
  out.begin_array();
  for (const std::string& each : problems) out.value(each);
  out.end_array();
  out.end_object();
  return text;
}

}  // namespace

int show(const ShowOptions& options, bool json) {
  const auto verdict = read(options);
  if (!verdict) return report(verdict.error(), json);
  const std::vector<std::string> problems = problems_of(*verdict);
  if (json) {
    std::printf("%s\n", to_json(*verdict, problems).c_str());
  } else {
    if (!verdict->claims.empty()) std::printf("claimed, and not judged\n");
    print_claims(verdict->claims, 2);
    for (const std::string& each : problems) std::printf("not in its form: %s\n", each.c_str());
  }
  return problems.empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::attest_verbs
