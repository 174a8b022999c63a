// `redoubt attest verify`.
#include <array>
#include <cstdio>

#include "attest/collateral_bundle.h"
#include "attest/verifier.h"
#include "base/timestamp.h"
#include "redoubt/attest/claims_text.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

Result<attest::Verdict> judge(const VerifyOptions& options) {
  const auto kind = read_kind(options.kind);
  if (!kind) return kind.error();
  const auto at = read_time(options.at);
  if (!at) return at.error();
  const auto nonce = read_nonce(options.nonce);
  if (!nonce) return nonce.error();
  attest::Policy policy;
  if (!options.policy.empty()) {
    const auto text = read_whole(options.policy);
    if (!text) return text.error();
    auto read = attest::parse_policy(*text);
    if (!read) return read.error();
    policy = *std::move(read);
  }
  attest::CollateralBundle bundle;
  if (!options.bundle.file.empty()) {
    const auto file = open_signed(options.bundle, attest::CollateralBundle::kType, *at);
    if (!file) return file.error();
    auto read = attest::CollateralBundle::parse(file->content);
    if (!read) return read.error();
    bundle = *std::move(read);
  }
  InputFiles files;
  for (const std::string& each : options.inputs) {
    if (auto added = files.add(each); !added) return added.error();
  }
  attest::Evidence evidence{.kind = *kind, .inputs = files.inputs(), .at = *at, .nonce = {}};
  if (*nonce) evidence.nonce = **nonce;
  attest::Verifier verifier;
  return bundle.verify(verifier, evidence, policy);
}

void print(const attest::Verdict& verdict) {
  constexpr std::array<std::string_view, 3> kMarks{"ok", "NO", "--"};
  for (const attest::Check& each : verdict.checks) {
    const std::string_view mark = kMarks[static_cast<std::size_t>(each.outcome)];
    const std::string_view about = attest::to_string(each.about);
    std::printf("%.*s  %-11.*s  %s\n", static_cast<int>(mark.size()), mark.data(), static_cast<int>(about.size()),
                about.data(), each.what.c_str());
  }
  if (!verdict.claims.empty()) {
    std::printf("\n%s\n", verdict.accepted() && verdict.attests ? "proven" : "claimed, and not proven");
    print_claims(verdict.claims, 2);
  }
  const auto reason = verdict.reason();
  std::printf("\n%s\n", reason ? ("refused: " + std::string(attest::to_string(*reason))).c_str() : "accepted");
  if (verdict.accepted() && verdict.valid_until) {
    std::printf("until %s, when the first certificate, list or collateral that this rests on ends\n",
                format_timestamp(*verdict.valid_until).c_str());
  }
}

}  // namespace

int verify(const VerifyOptions& options, bool json) {
  const auto verdict = judge(options);
  if (!verdict) return report(verdict.error(), json);
  if (json) {
    std::printf("%s\n", attest::to_json(*verdict).c_str());
  } else {
    print(*verdict);
  }
  return verdict->accepted() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::attest_verbs
