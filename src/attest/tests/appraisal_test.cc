#include "attest/appraisal.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace redoubt::attest {
namespace {

TEST(AppraisalPolicy, ReadsWhatIsDemanded) {
  const auto policy = parse_appraisal_policy(
      R"({"min_tier":"cpu-gpu-tee","statement":"required","parts":{"cpu":{"kind":"sev-snp","policy":{"allow_sha1":true}},)"
      R"("gpu":{"kind":"nvidia-gpu","required":false,"reference":"none"},"tpm":{"kind":"tpm","hardware":true}}})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->min_tier, Tier::kCpuAndGpuTee);
  EXPECT_TRUE(policy->need_statement);
  EXPECT_TRUE(policy->parts.at("cpu").policy.allow_sha1);
  EXPECT_TRUE(policy->parts.at("cpu").need_reference);
  EXPECT_FALSE(policy->parts.at("gpu").required);
  EXPECT_FALSE(policy->parts.at("gpu").need_reference);
  EXPECT_TRUE(policy->parts.at("tpm").is_hardware);
}

TEST(AppraisalPolicy, RefusesWhatItDoesNotKnowAndWhatIsNeverAccepted) {
  for (const std::string_view bad : {
           "",
           "[]",
           "{}",
           R"({"parts":{}})",
           R"({"parts":{"cpu":{}}})",
           R"({"parts":{"cpu":{"kind":"cpu"}}})",
           R"({"parts":{"cpu":{"kind":"tdx","more":1}}})",
           R"({"parts":{"cpu":{"kind":"tdx"}},"more":1})",
           R"({"parts":{"cpu":{"kind":"tdx","policy":{"allow_debug":true}}}})",
           R"({"parts":{"cpu":{"kind":"tpm","policy":{"allow_zero_pcrs":true}}}})",
           R"({"parts":{"cpu":{"kind":"tpm","measurer":"me"}}})",
           R"({"parts":{"cpu":{"kind":"tpm","measurer":1}}})",
           R"({"parts":{"cpu":{"kind":"sev-snp","measurer":"self"}}})",
           R"({"parts":{"cpu":{"measurer":"self","kind":"tpm","hardware":true}}})",
           R"({"parts":{"cpu":{"kind":"tdx","reference":"maybe"}}})",
           R"({"parts":{"cpu":{"kind":"tdx"}},"min_tier":"high"})",
           R"({"parts":{"cpu":{"kind":"tdx"}},"statement":true})",
           R"({"parts":{"statement":{"kind":"tdx"}}})",
       }) {
    EXPECT_FALSE(parse_appraisal_policy(bad)) << bad;
  }
}

TEST(TrustVector, IsAsBadAsItsWorst) {
  EXPECT_EQ(TrustVector{}.status(), Status::kNone);
  EXPECT_EQ((TrustVector{.instance_identity = 2, .executables = 3}.status()), Status::kAffirming);
  EXPECT_EQ((TrustVector{.instance_identity = 2, .executables = 33}.status()), Status::kWarning);
  EXPECT_EQ((TrustVector{.instance_identity = 97, .executables = 2}.status()), Status::kContraindicated);
}

TEST(Appraisal, TellsWhatIsMissingOrUnknown) {
  Verifier verifier;
  const auto policy = parse_appraisal_policy(
      R"({"statement":"required","parts":{"cpu":{"kind":"sev-snp"},"gpu":{"kind":"nvidia-gpu","required":false}}})");
  ASSERT_TRUE(policy);
  CompositeEvidence evidence{.parts = {}, .statement = {}, .nonce = {}, .at = {}};
  EXPECT_EQ(appraise(verifier, evidence, *policy, {}).problems,
            (std::vector<std::string>{"there is no statement", "`cpu` is missing",
                                      "the tier is `none` where `cpu-tee` is demanded"}));
  evidence.parts = {{"other", Kind::kSevSnp, {}}, {"cpu", Kind::kTdx, {}}};
  const Appraisal appraisal = appraise(verifier, evidence, *policy, {});
  EXPECT_EQ(appraisal.problems[1], "nothing binds the parts to each other: ask with a nonce");
  EXPECT_EQ(appraisal.problems[2], "`other` is no part that the policy knows, or stands twice");
  EXPECT_EQ(appraisal.problems[3], "`cpu` is no part that the policy knows, or stands twice");
  EXPECT_TRUE(appraisal.parts.empty());
}

TEST(Appraisal, OfAPinnedTpmPassesOverWhatElseTheMachineShows) {
  Verifier verifier;
  CompositeEvidence evidence{.parts = {{"tpm", Kind::kTpm, {}}, {"cpu", Kind::kSevSnp, {}}},
                             .statement = {},
                             .nonce = as_bytes("nonce"),
                             .at = {}};
  AppraisalPolicy policy = pinned_tpm_policy({}, false);
  Appraisal appraisal = appraise(verifier, evidence, policy, {});
  ASSERT_EQ(appraisal.parts.size(), 1U);
  EXPECT_EQ(appraisal.parts[0].name, "tpm");
  for (const std::string& each : appraisal.problems) EXPECT_EQ(each.find("cpu"), std::string::npos) << each;
  // It counts for nothing, too: not for the tier, and not for a part that is to be there.
  policy.min_tier = Tier::kCpuTee;
  EXPECT_EQ(appraise(verifier, evidence, policy, {}).problems.back(), "the tier is `none` where `cpu-tee` is demanded");
  evidence.parts.erase(evidence.parts.begin());
  EXPECT_EQ(appraise(verifier, evidence, policy, {}).problems.front(), "`tpm` is missing");
  evidence.parts.clear();
  evidence.parts.push_back({"tpm", Kind::kSevSnp, {}});
  EXPECT_EQ(appraise(verifier, evidence, policy, {}).problems.front(),
            "`tpm` is no part that the policy knows, or stands twice");
}

// A log is judged alone, and accepted as a log. It is signed by nobody.
TEST(Appraisal, TakesNoLogForAMachine) {
  const Bytes separator(4);  // EV_SEPARATOR's data, in PCR 7 of a legacy log
  Bytes log{std::byte{7}, {}, {}, {}, std::byte{4}, {}, {}, {}};
  append(log, crypto::digest(crypto::HashAlgorithm::kSha1, separator).view());
  append(log, Bytes{std::byte{4}, {}, {}, {}});
  append(log, separator);
  const auto policy = parse_appraisal_policy(
      R"({"min_tier":"none","parts":{"tpm":{"kind":"tpm","policy":{"allow_sha1":true},"reference":"none"}}})");
  ASSERT_TRUE(policy);
  CompositeEvidence evidence{.parts = {{"tpm", Kind::kTpm, {}}}, .statement = {}, .nonce = {}, .at = {}};
  evidence.parts[0].inputs.set(Role::kEventLog, log);
  Verifier verifier;
  const Appraisal appraisal = appraise(verifier, evidence, *policy, {});
  ASSERT_TRUE(appraisal.parts.at(0).verdict->accepted());
  EXPECT_FALSE(appraisal.accepted);
  EXPECT_EQ(appraisal.tier, Tier::kNone);
  EXPECT_EQ(appraisal.parts[0].vector.status(), Status::kContraindicated);
  EXPECT_EQ(appraisal.problems, std::vector<std::string>{"`tpm` is nothing that a machine signed of itself"});
}

TEST(Appraisal, TellsAStatementWithAnotherNonce) {
  Verifier verifier;
  const auto policy = parse_appraisal_policy(
      R"({"min_tier":"none","statement":"required","parts":{"cpu":{"kind":"sev-snp","required":false}}})");
  ASSERT_TRUE(policy);
  ReferenceValues references;
  ASSERT_TRUE(references.add({"build 9", std::nullopt, {{"build", "ffee"}}}));
  const Bytes nonce{std::byte{7}};
  const std::string good = R"({"build":"ffee","nonce":"07"})";
  const std::string stale = R"({"build":"ffee","nonce":"08"})";
  const std::string other = R"({"build":"ff00","nonce":"07"})";
  CompositeEvidence evidence{.parts = {}, .statement = as_bytes(good), .nonce = nonce, .at = {}};
  EXPECT_TRUE(appraise(verifier, evidence, *policy, references).accepted);
  evidence.statement = as_bytes(stale);
  EXPECT_EQ(appraise(verifier, evidence, *policy, references).problems[0], "the statement carries another nonce");
  evidence.statement = as_bytes(other);
  EXPECT_EQ(appraise(verifier, evidence, *policy, references).problems[0], "`statement` covers no reference value");
  evidence.statement = as_bytes("[]");
  EXPECT_EQ(appraise(verifier, evidence, *policy, references).problems[0], "the statement is no JSON object of claims");
  const std::string empty = R"({"build":"ffee","nonce":""})";
  evidence.statement = as_bytes(empty);
  evidence.nonce = ByteView();
  EXPECT_EQ(appraise(verifier, evidence, *policy, references).problems[0],
            "the nonce that was asked for is empty: it proves nothing");
}

}  // namespace
}  // namespace redoubt::attest
