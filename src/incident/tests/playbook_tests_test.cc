#include "incident/playbook_tests.h"

#include <gtest/gtest.h>

namespace redoubt::incident {
namespace {

const char* const kStop = "playbook: stop\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h}]\n";

Result<std::vector<PlaybookCaseResult>> run(std::string_view yaml) {
  return run_playbook_tests(*read_playbooks("p.yaml", kStop), "p.tests.yaml", yaml);
}

std::string problem(std::string_view yaml) {
  const auto results = run(yaml);
  EXPECT_TRUE(results) << results.error().message();
  return results ? results->at(0).problem : "";
}

TEST(PlaybookTestsTest, SayWhatIsNotAsExpected) {
  const std::string signals = "cases:\n- name: a\n  signals: [{rule: r, key: principal/a, severity: high}]\n";
  EXPECT_EQ(problem(signals + "  expect: [suspend principal/a active]\n"), "");
  EXPECT_EQ(problem(signals), "not expected: `suspend principal/a active`");
  EXPECT_EQ(problem(signals + "  expect: [suspend principal/a active, block model/m active]\n"),
            "expected, and not there: `block model/m active`");
  EXPECT_EQ(problem(signals + "  exempt: [principal/a]\n  withheld: 1\n"), "");
  EXPECT_EQ(problem(signals + "  exempt: [principal/a]\n  withheld: 0\n"), "1 withheld instead of 0");
  EXPECT_EQ(problem(signals + "  share: {principal/a: 6}\n  expect: [suspend principal/a proposed]\n"), "");
}

TEST(PlaybookTestsTest, FilesThatAreNotUnderstoodAreErrorsWithTheirLine) {
  for (const char* const yaml :
       {"", "- 1", "cases: 1", "cases: []", "case: []", "cases: [{name: a}]", "cases: [{signals: [{key: k}]}]",
        "cases: [{signals: [{rule: r, key: k, at: 1}]}]", "cases: [{signals: [{rule: r, key: k, severity: no}]}]",
        "cases: [{signals: [{rule: r, key: k, times: 100001}]}]",
        "cases: [{signals: [{rule: r, key: k, after: soon}]}]",
        "cases: [{signals: [{rule: r, key: k}], expects: []}]"}) {
    const auto results = run(yaml);
    ASSERT_FALSE(results) << yaml;
    EXPECT_EQ(results.error().message().rfind("p.tests.yaml:", 0), 0u) << results.error().message();
  }
}

}  // namespace
}  // namespace redoubt::incident
