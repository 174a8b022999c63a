// Appraisal of a report that was signed on hardware.
#include <gtest/gtest.h>

#include "attest/appraisal.h"
#include "attest/tests/support/samples.h"
#include "base/timestamp.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {
namespace {

// AMD's report among the shared samples, signed on hardware.
struct Sample {
  static std::optional<Sample> load() {
    const auto folder = samples_folder();
    if (!folder) return std::nullopt;
    return Sample{read_sample(*folder / "sev-snp/c1-report.bin"), read_sample(*folder / "sev-snp/c1-vcek.der")};
  }

  CompositeEvidence evidence() const {
    CompositeEvidence out{.parts = {{"cpu", Kind::kSevSnp, {}}}, .statement = {}, .nonce = {}, .at = at};
    out.parts[0].inputs.set(Role::kReport, report);
    out.parts[0].inputs.set(Role::kVek, vek);
    return out;
  }

  Bytes report;
  Bytes vek;
  UnixMillis at = *parse_timestamp("2025-06-01T00:00:00Z");
};

constexpr std::string_view kCpu = R"({"parts":{"cpu":{"kind":"sev-snp"}}})";
constexpr std::string_view kMeasurement =
    "a1f3930413247bb38cfc171579ea3c12d5fe4901f0c792f63fd75d98f1ef827c23500644e0e692e6be917f9050d3d38c";

ReferenceValues known() {
  ReferenceValues out;
  EXPECT_TRUE(out.add({"server 1", Kind::kSevSnp, {{"measurement", std::string(kMeasurement)}}}));
  return out;
}

TEST(Appraisal, AffirmsWhatIsGenuineAndKnown) {
  const auto sample = Sample::load();
  if (!sample) GTEST_SKIP() << kNoSamples;
  Verifier verifier;
  const Appraisal appraisal = appraise(verifier, sample->evidence(), *parse_appraisal_policy(kCpu), known());
  EXPECT_TRUE(appraisal.accepted) << (appraisal.problems.empty() ? "" : appraisal.problems[0]);
  EXPECT_EQ(appraisal.tier, Tier::kCpuTee);
  ASSERT_EQ(appraisal.parts.size(), 1U);
  EXPECT_EQ(appraisal.parts[0].reference, "server 1");
  EXPECT_EQ(appraisal.parts[0].vector.status(), Status::kAffirming);
  EXPECT_TRUE(appraisal.valid_until);

  encoding::JsonReader reader;
  const auto ear = reader.parse(to_ear_json(appraisal, "test"));
  ASSERT_TRUE(ear) << ear.error().message();
  EXPECT_EQ(std::string_view((*ear)["eat_profile"]), "tag:ietf.org,2026:rats/ear#04");
  EXPECT_EQ(std::string_view((*ear)["submods"]["cpu"]["ear_status"]), "affirming");
  EXPECT_EQ(std::uint64_t((*ear)["submods"]["cpu"]["ear_trustworthiness_vector"]["hardware"]), 2U);
  EXPECT_EQ(std::string_view((*ear)["submods"]["cpu"]["ear_attester_claims"]["measurement"]), kMeasurement);
  EXPECT_EQ(std::string_view((*ear)["redoubt_tier"]), "cpu-tee");
}

TEST(Appraisal, WarnsOfCodeThatNobodyKnows) {
  const auto sample = Sample::load();
  if (!sample) GTEST_SKIP() << kNoSamples;
  Verifier verifier;
  const Appraisal appraisal = appraise(verifier, sample->evidence(), *parse_appraisal_policy(kCpu), {});
  EXPECT_FALSE(appraisal.accepted);
  EXPECT_EQ(appraisal.problems, std::vector<std::string>{"`cpu` covers no reference value"});
  EXPECT_EQ(appraisal.parts[0].vector.status(), Status::kWarning);
  EXPECT_EQ(appraisal.tier, Tier::kCpuTee);
}

TEST(Appraisal, RefusesAlteredEvidence) {
  auto sample = Sample::load();
  if (!sample) GTEST_SKIP() << kNoSamples;
  sample->report[144] ^= std::byte{1};
  Verifier verifier;
  const Appraisal appraisal = appraise(verifier, sample->evidence(), *parse_appraisal_policy(kCpu), known());
  EXPECT_FALSE(appraisal.accepted);
  EXPECT_EQ(appraisal.tier, Tier::kNone);
  EXPECT_EQ(appraisal.parts[0].vector.status(), Status::kContraindicated);
}

TEST(Appraisal, BindsAStatementToTheEvidence) {
  const auto sample = Sample::load();
  if (!sample) GTEST_SKIP() << kNoSamples;
  Verifier verifier;
  CompositeEvidence evidence = sample->evidence();
  // The report data of the sample is the digest of something else.
  const std::string statement = R"({"build":"ffee","nonce":"00"})";
  evidence.statement = as_bytes(statement);
  const Appraisal appraisal = appraise(verifier, evidence, *parse_appraisal_policy(kCpu), known());
  EXPECT_FALSE(appraisal.accepted);
  ASSERT_EQ(appraisal.parts.size(), 2U);
  EXPECT_EQ(appraisal.parts[1].verdict->reason(), Reason::kNonce);
}

}  // namespace
}  // namespace redoubt::attest
