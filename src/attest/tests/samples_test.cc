// Evidence of real hardware, with the answers of who collected it.
#include <gtest/gtest.h>

#include "attest/conform.h"
#include "attest/tests/support/samples.h"

namespace redoubt::attest {
namespace {

class Samples : public testing::TestWithParam<const char*> {};

TEST_P(Samples, AreAnsweredAsExpected) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const auto report = run_cases(*folder / GetParam());
  ASSERT_TRUE(report) << report.error().message();
  for (const CaseResult& each : report->cases) {
    EXPECT_TRUE(each.passed) << each.id << ": " << each.problem;
  }
  for (const std::string& each : report->problems) ADD_FAILURE() << each;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Samples, testing::Values("sev-snp", "sgx", "tdx"), [](const auto& each) {
  const std::string name(each.param);
  return name == "sev-snp" ? std::string("SevSnp") : name;
});

}  // namespace
}  // namespace redoubt::attest
