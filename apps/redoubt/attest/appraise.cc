// `redoubt attest appraise`.
#include <cstdio>
#include <map>

#include "attest/appraisal.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

Result<attest::Appraisal> judge(const AppraiseOptions& options) {
  const auto at = read_time(options.at);
  if (!at) return at.error();
  const auto nonce = read_nonce(options.nonce);
  if (!nonce) return nonce.error();
  const auto policy_text = read_whole(options.policy);
  if (!policy_text) return policy_text.error();
  const auto policy = attest::parse_appraisal_policy(*policy_text);
  if (!policy) return policy.error();
  attest::ReferenceValues references;
  if (!options.references.file.empty()) {
    auto read = read_references(options.references, *at);
    if (!read) return read.error();
    references = *std::move(read);
  }

  attest::CompositeEvidence evidence{.parts = {}, .statement = {}, .nonce = {}, .at = *at};
  if (*nonce) evidence.nonce = **nonce;
  std::string statement;
  if (!options.statement.empty()) {
    auto text = read_whole(options.statement);
    if (!text) return text.error();
    statement = *std::move(text);
    evidence.statement = as_bytes(statement);
  }
  std::map<std::string, InputFiles> files;
  for (const std::string& each : options.inputs) {
    const auto colon = each.find(':');
    if (colon == std::string::npos) return wrong("`" + each + "` is not PART:ROLE=FILE");
    if (auto added = files[each.substr(0, colon)].add(std::string_view(each).substr(colon + 1)); !added) {
      return added.error();
    }
  }
  for (const std::string& each : options.parts) {
    const auto equals = each.find('=');
    if (equals == std::string::npos) return wrong("`" + each + "` is not PART=KIND");
    const auto kind = read_kind(std::string_view(each).substr(equals + 1));
    if (!kind) return kind.error();
    const std::string name = each.substr(0, equals);
    evidence.parts.push_back({name, *kind, files[name].inputs()});
  }
  for (const auto& [name, unused] : files) {
    bool known = false;
    for (const auto& part : evidence.parts) known = known || part.name == name;
    if (!known) return wrong("`" + name + "` has files and is no --part");
  }
  attest::Verifier verifier;
  return attest::appraise(verifier, evidence, *policy, references);
}

}  // namespace

int appraise(const AppraiseOptions& options) {
  const auto appraisal = judge(options);
  if (!appraisal) return report(appraisal.error(), true);
  std::printf("%s\n", attest::to_ear_json(*appraisal, "redoubt " REDOUBT_VERSION).c_str());
  return appraisal->accepted ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::attest_verbs
