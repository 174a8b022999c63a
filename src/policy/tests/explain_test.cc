#include <gtest/gtest.h>

#include "policy/authorizer.h"
#include "policy/tests/support/small_world.h"

namespace redoubt::policy {
namespace {

using testing::policies_of;
using testing::small_request;
using testing::small_world;
using Step = Explanation::Step;

// One step a line, operands below it further to the right.
void show(const Step& step, int depth, std::string& out) {
  static constexpr std::string_view kOutcomes[] = {"true ", "false", "error", "-    "};
  out += std::string(static_cast<std::size_t>(depth) * 2, ' ');
  out += kOutcomes[static_cast<std::size_t>(step.outcome)];
  out += " " + step.text + (step.error.empty() ? "" : " # " + step.error) + "\n";
  for (const Step& operand : step.operands) show(operand, depth + 1, out);
}

std::string shown(const Explanation& explanation) {
  std::string out;
  for (const Explanation::Near& near : explanation.policies) {
    out += near.policy_id + (near.determining ? " determines" : "") + "\n";
    for (const Step& step : near.scope) show(step, 1, out);
    for (const Step& step : near.conditions) show(step, 1, out);
  }
  return out;
}

Explanation explained(std::string_view policies, const Request& request) {
  const auto explanation = explain(policies_of(policies), *small_world(), request);
  if (explanation) return *explanation;
  ADD_FAILURE() << explanation.error().message();
  return {};
}

TEST(Explain, ShowsThePartOfAScopeThatDoesNotFit) {
  const Explanation explanation = explained(R"(
    permit (principal in Team::"staff", action in [Action::"write"], resource is File in Folder::"shared")
    when { principal.level > 5 };)",
                                            small_request());
  EXPECT_EQ(explanation.decision, Decision::kDeny);
  EXPECT_EQ(shown(explanation), R"(policy0
  true  principal in Team::"staff"
  false action in Action::"write"
  true  resource is File in Folder::"shared"
  -     when { principal.level > 5 }
    -     principal.level > 5
)");
  EXPECT_EQ(explanation.policies[0].outcome, Explanation::Outcome::kFalse);
}

TEST(Explain, LeavesOutPoliciesOfWhichTwoPartsDoNotFit) {
  EXPECT_TRUE(explained(R"(permit (principal == User::"bob", action == Action::"write", resource);)", small_request())
                  .policies.empty());
}

TEST(Explain, GoesDownToTheOperandsOfAndAndOr) {
  const Explanation explanation = explained(R"(
    permit (principal, action, resource)
    when { principal.level == 3 && (resource.level == 9 || resource.level == 2 || context.x) && principal in Team::"all" }
    unless { principal.name == "Bob" && context.y };)",
                                            small_request());
  EXPECT_EQ(explanation.decision, Decision::kAllow);
  EXPECT_EQ(shown(explanation), R"(policy0 determines
  true  principal
  true  action
  true  resource
  true  when { principal.level == 3 && (resource.level == 9 || resource.level == 2 || context.x) && principal in Team::"all" }
    true  principal.level == 3 && (resource.level == 9 || resource.level == 2 || context.x) && principal in Team::"all"
      true  principal.level == 3
      true  resource.level == 9 || resource.level == 2 || context.x
        false resource.level == 9
        true  resource.level == 2
        -     context.x
      true  principal in Team::"all"
  true  unless { principal.name == "Bob" && context.y }
    false principal.name == "Bob" && context.y
      false principal.name == "Bob"
      -     context.y
)");
}

TEST(Explain, SaysWhatWentWrong) {
  const Explanation explanation = explained(R"(
    forbid (principal, action, resource)
    when { principal.level == 3 && principal.rank > 1 && true } when { true };
    permit (principal, action, resource) when { principal.name };)",
                                            small_request());
  EXPECT_EQ(explanation.decision, Decision::kDeny);
  ASSERT_EQ(explanation.policies.size(), 2U);
  const Explanation::Near& forbid = explanation.policies[0];
  EXPECT_EQ(forbid.outcome, Explanation::Outcome::kError);
  EXPECT_EQ(forbid.effect, Effect::kForbid);
  const Step& body = forbid.conditions[0].operands[0];
  EXPECT_EQ(body.outcome, Explanation::Outcome::kError);
  EXPECT_EQ(body.operands[0].outcome, Explanation::Outcome::kTrue);
  EXPECT_EQ(body.operands[1].error, R"(`User::"ann"` does not have the attribute `rank`)");
  EXPECT_EQ(body.error, body.operands[1].error);
  EXPECT_EQ(body.operands[2].outcome, Explanation::Outcome::kNotReached);
  EXPECT_EQ(forbid.conditions[1].outcome, Explanation::Outcome::kNotReached);
  EXPECT_EQ(explanation.policies[1].conditions[0].operands[0].error, "type error: expected bool, got string");
}

TEST(Explain, NamesLinksByTheirIdsWithTheirValues) {
  PolicySet policies = policies_of("permit (principal == ?principal, action, resource);");
  ASSERT_TRUE(policies.link({"for ann", "policy0", {{Slot::kPrincipal, {"User", "ann"}}}}));
  const auto explanation = explain(policies, *small_world(), small_request());
  ASSERT_TRUE(explanation);
  ASSERT_EQ(explanation->policies.size(), 1U);
  EXPECT_EQ(explanation->policies[0].policy_id, "for ann");
  EXPECT_TRUE(explanation->policies[0].determining);
  EXPECT_EQ(explanation->policies[0].scope[0].text, R"(principal == User::"ann")");
}

TEST(Explain, RefusesExpressionsDeeperThanTheLimits) {
  Limits limits;
  limits.max_depth = 3;
  const auto explanation = explain(policies_of("permit (principal, action, resource) when { !!!true };"),
                                   *small_world(), small_request(), limits);
  ASSERT_FALSE(explanation);
  EXPECT_EQ(explanation.error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::policy
