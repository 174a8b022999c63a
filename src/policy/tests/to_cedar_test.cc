#include <gtest/gtest.h>

#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

std::string again(std::string_view text) {
  const auto expression = parse_expression(text);
  if (!expression) return render(expression.error()[0], "-", text);
  return to_cedar(*expression);
}

TEST(ToCedar, KeepsWhatNeedsNoParentheses) {
  for (const char* text : {
           "1 + 2 * 3 - 4",
           "true || false && !true",
           "if true then 1 else if false then 2 else 3",
           "principal.a[\"b c\"].contains([1, {\"k\": -2}])",
           "principal has a.b.c && resource has \"x y\"",
           "context.name like \"*a\\*\\\\\\n\"",
           "principal is A::B in resource.owner + 1",
           "ip(\"::1\").isInRange(ip(\"::/0\"))",
           "principal.hasTag(\"t\") && principal.getTag(\"t\").isEmpty()",
           "1 * -2 - -3 == -9223372036854775808",
           "!!!!true == ---context.a",
           "User::\"a\\\"b\" in [Group::\"g\"]",
           "action == Action::\"read\" || principal != resource",
       }) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(ToCedar, WritesTheParenthesesThatAreNeeded) {
  for (const char* text : {
           "(1 + 2) * 3",
           "1 - (2 - 3)",
           "1 * (2 * 3)",
           "(true || false) && true",
           "true && (false && true)",
           "(1 == 2) == true",
           "(principal has a) == true",
           "(if true then context else context).a",
           "!(1 == 2)",
           "!(-1 + 2)",
           "-(1)",
           "-(-1)",
           "!(-context.a)",
           "!!!!(!true)",
           "----(-context.a)",
           "(-1).isIpv4()",
           "(1 + 2).a",
           "(principal is A) in resource",
           "1 + (if true then 1 else 2)",
       }) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(ToCedar, LeavesOutTheParenthesesThatAreNot) {
  EXPECT_EQ(again("((1 + (2 * 3)))"), "1 + 2 * 3");
  EXPECT_EQ(again("(if (true) then (1 + 2) else [(3)])"), "if true then 1 + 2 else [3]");
  EXPECT_EQ(again("(principal).contains((1))"), "principal.contains(1)");
}

TEST(ToCedar, WritesPoliciesThatReadBackEqual) {
  const std::string text =
      R"(@id("a\n")
@flag
permit (principal is A in ?principal, action in [Action::"a", N::Action::"b"], resource == R::"r")
when { true }
unless { context.x };)";
  const auto policies = parse_policies(text);
  ASSERT_TRUE(policies);
  EXPECT_EQ(to_cedar(policies->policies()[0]), text);
}

}  // namespace
}  // namespace redoubt::policy
