// Tests beside rules, as they are read and run.
#include "sigma/rule_tests.h"

#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

constexpr std::string_view kRules = R"j(title: Many denials
correlation: {type: event_count, rules: [denial], group-by: [user], timespan: 1m, condition: {gte: 3}}
---
title: Denial
name: denial
logsource: {category: web}
detection: {s: {status: 2}, condition: s}
---
title: Asked
name: asked
logsource: {category: dns}
detection: {s: {user|predicate: 'known(status)'}, condition: s}
)j";

RuleTestResult run(std::string_view test) {
  Taxonomy taxonomy;
  taxonomy.fields = {{"user", {"who.uid"}}, {"status", {"status_id"}}};
  taxonomy.logsources = {{{"web", "", ""}, R"({"class":1})"}, {{"dns", "", ""}, R"({"class":2})"}};
  taxonomy.predicates = {{"known", 1}};
  const auto tests = parse_rule_tests("[{\"name\":\"n\"," + std::string(test) + "}]");
  if (!tests) {
    ADD_FAILURE() << tests.error().message();
    return {};
  }
  return run_rule_test(rules_of(std::string(kRules), taxonomy), "rules.yml", tests->at(0));
}

constexpr std::string_view kUnknown = R"j("predicates":{"known(status)":false},)j";

TEST(RuleTests, RunEventsInFieldsNames) {
  const std::string event = R"j({"user":"u","status":2})j";
  const auto with = [](std::string_view rest) { return run(std::string(kUnknown) + std::string(rest)); };
  const RuleTestResult result =
      with(R"j("matches":true,"fires_at":[2],"events":[)j" + event + "," + event + "," + event + "]");
  EXPECT_TRUE(result.passed) << result.problem;
  EXPECT_FALSE(with(R"j("matches":true,"events":[{"user":"u","status":2,"time":0},)j"
                    R"j({"user":"u","status":2,"time":"1970-01-01T00:01:00Z"},)j"
                    R"j({"user":"u","status":2,"time":60001}])j")
                   .passed);
  EXPECT_TRUE(with(R"j("matches":true,"repeat":3,)j"
                   R"j("events":[{"user":"u","status":2,"logsource":{"category":"web"}}])j")
                  .passed);
  EXPECT_TRUE(with(R"j("matches":false,"repeat":3,)j"
                   R"j("events":[{"user":"u","status":2,"logsource":{"category":"dns"}}])j")
                  .passed);
}

TEST(RuleTests, RunRecordsByTheTaxonomysPaths) {
  const std::string record = R"j({"who":{"uid":"u"},"status_id":2,"class":1,"time":5})j";
  EXPECT_TRUE(
      run(R"j("matches":true,"fires_at":[2],"records":[)j" + record + "," + record + "," + record + "]").passed);
  EXPECT_FALSE(run(R"j("matches":true,"repeat":3,"records":[{"who":{"uid":"u"},"status_id":2,"class":3}])j").passed);
}

TEST(RuleTests, RunOneRuleAlone) {
  const std::string records = R"j("records":[{"status_id":2,"class":1}])j";
  EXPECT_TRUE(run(R"j("matches":true,"rule":"denial",)j" + records).passed);
  EXPECT_TRUE(run(R"j("matches":false,)j" + records).passed);
  EXPECT_EQ(run(R"j("matches":false,"rule":"none",)j" + records).problem, "there is no rule `none`");
}

TEST(RuleTests, AnswerPredicates) {
  EXPECT_TRUE(run(R"j("matches":true,"predicates":{"known(status)":true},"events":[{"user":"u"}])j").passed);
  EXPECT_EQ(run(R"j("matches":false,"events":[{"user":"u"}])j").problem,
            "the case does not say what `known(status)` is");
}

TEST(RuleTests, ThatAreMalformedAreRefused) {
  const auto problem = [](std::string_view text) {
    const auto tests = parse_rule_tests(text);
    return tests ? std::string("(no problem)") : tests.error().message();
  };
  const auto with = [&](std::string_view rest) { return problem(R"j([{"name":"n",)j" + std::string(rest) + "}]"); };
  EXPECT_EQ(problem("{}"), "tests are a list of cases");
  EXPECT_EQ(problem("[1]"), "the case 0 is not an object");
  EXPECT_EQ(problem(R"j([{"events":[]}])j"), "the case 0 has no `name`");
  EXPECT_EQ(with(R"j("matches":true)j"), "the case 0 (`n`) needs `events` or `records`, and `matches`");
  EXPECT_EQ(with(R"j("events":[{}],"match":true)j"), "the case 0 (`n`) has the unknown member `match`");
  EXPECT_EQ(with(R"j("events":[],"matches":true)j"), "the case 0 (`n`) has no list of events");
  EXPECT_EQ(with(R"j("events":[{"time":1}],"matches":true,"repeat":2)j"),
            "the case 0 (`n`) repeats events that have a `time`");
  EXPECT_EQ(with(R"j("events":[{}],"matches":true,"repeat":100001)j"),
            "the case 0 (`n`) has `repeat` that is not a number from 1");
  EXPECT_EQ(with(R"j("events":[{}],"matches":true,"fires_at":[])j"),
            "the case 0 (`n`) has `fires_at` and `matches` that differ");
  EXPECT_EQ(problem(R"j([{"name":"n","events":[{}],"matches":true},{"name":"n","events":[{}],"matches":true}])j"),
            "two cases are named `n`");
}

}  // namespace
}  // namespace redoubt::sigma
