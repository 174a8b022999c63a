#include <gtest/gtest.h>

#include "policy/authorizer.h"
#include "policy/tests/support/small_world.h"

namespace redoubt::policy {
namespace {

using testing::policies_of;
using testing::small_request;
using testing::small_world;
using Ids = std::set<std::string>;

// What ann may read, where nothing is known of it but perhaps its type.
PartialRequest any_resource(std::optional<std::string> type = {}) {
  const Request request = small_request(R"({"mfa": true, "level": 2})");
  return {{request.principal, {}}, {request.action, {}}, {{}, std::move(type)}, request.context};
}

Residual decided(std::string_view policies, const PartialRequest& request) {
  auto residual = authorize_partially(policies_of(policies), *small_world(), request);
  if (residual) return *std::move(residual);
  ADD_FAILURE() << residual.error().message();
  return {};
}

// The policies that are left, in Cedar syntax, one a line.
std::string left(std::string_view policies, const PartialRequest& request = any_resource()) {
  const Residual residual = decided(policies, request);
  std::string out;
  for (const Policy& policy : residual.policies.policies()) {
    for (const char c : to_cedar(policy)) out += c == '\n' ? ' ' : c;
    out += '\n';
  }
  return out;
}

// What is left of one condition.
std::string left_of(const std::string& condition, const PartialRequest& request = any_resource()) {
  const Residual residual = decided("permit (principal, action, resource) when { " + condition + " };", request);
  if (residual.policies.empty()) return "never";
  const Policy& policy = residual.policies.policies().front();
  return policy.conditions.empty() ? "always" : to_cedar(policy.conditions.front().body);
}

TEST(AuthorizePartially, KeepsOfEachScopeWhatIsUnknown) {
  EXPECT_EQ(left(R"(
    permit (principal in Team::"all", action == Action::"read", resource in Folder::"shared");
    permit (principal in Team::"none", action, resource);
    forbid (principal, action in [Action::"read"], resource is File);)"),
            "permit (principal, action, resource in Folder::\"shared\");\n"
            "forbid (principal, action, resource is File);\n");
}

TEST(AuthorizePartially, KnowsTheTypeOfTheUnknown) {
  EXPECT_EQ(left(R"(
    permit (principal, action, resource is File in Folder::"shared");
    permit (principal, action, resource is Folder);
    permit (principal, action, resource == Folder::"shared");
    permit (principal, action, resource) when { resource is File && resource != User::"ann" };)",
                 any_resource("File")),
            "permit (principal, action, resource in Folder::\"shared\");\n"
            "permit (principal, action, resource);\n");
}

TEST(AuthorizePartially, PutsWhatIsKnownInPlaceOfExpressions) {
  EXPECT_EQ(left_of("principal.level > resource.level"), "3 > resource.level");
  EXPECT_EQ(left_of("resource.owner == principal"), R"(resource.owner == User::"ann")");
  EXPECT_EQ(left_of("context.mfa && resource.level == context.level"), "resource.level == 2");
  EXPECT_EQ(left_of("if principal.level > 1 then resource has a.b else resource.c"), "resource has a.b");
  EXPECT_EQ(left_of(R"(resource in [Folder::"shared", principal])"), R"(resource in [Folder::"shared", User::"ann"])");
  EXPECT_EQ(left_of(R"(resource.at < datetime("1970-01-01").offset(duration("1ms")))"),
            R"(resource.at < datetime("1970-01-01T00:00:00.001Z"))");
}

TEST(AuthorizePartially, LeavesLargeValuesWhereTheyAre) {
  std::string names = "[";
  for (int i = 0; i < 100; ++i) names += (i == 0 ? "\"name" : ", \"name") + std::to_string(i) + "\"";
  PartialRequest request = any_resource();
  request.context = *parse_context("{\"names\": " + names + "]}");
  EXPECT_EQ(left_of("context.names.contains(resource.name)", request), "context.names.contains(resource.name)");
}

TEST(AuthorizePartially, DropsWhatCannotHoldOnlyWhereItCannotErrEither) {
  EXPECT_EQ(left_of("resource in Folder::\"shared\" && principal.level > 5"), "never");
  EXPECT_EQ(left_of("resource.level > 1 && principal.level > 5"), "resource.level > 1 && false");
  EXPECT_EQ(left_of("principal.level > 5 && resource.level > 1"), "never");
  EXPECT_EQ(left_of("resource has level || principal.level == 3"), "always");
  EXPECT_EQ(left_of("resource == principal.level"), "never");
}

TEST(AuthorizePartially, ReportsErrorsThatAreCertain) {
  EXPECT_EQ(left_of("principal.rank > resource.level"), "error()");
  EXPECT_EQ(left_of("resource has level && principal.rank > 1"), "resource has level && error()");
  EXPECT_EQ(left_of("principal.name && resource.level > 1"), "error()");
  const Residual residual = decided(
      "permit (principal, action, resource) when { resource has level } when { principal.rank > 1 };", any_resource());
  EXPECT_EQ(residual.decision, Decision::kDeny);
  EXPECT_EQ(residual.may_be_determining, Ids());
  EXPECT_EQ(residual.policies.policies().size(), 1U);
}

TEST(AuthorizePartially, StillTellsBooleansFromOthers) {
  EXPECT_EQ(left_of("(true && resource.open) == true"), "(true && resource.open) == true");
  EXPECT_EQ(left_of("true && resource.open"), "resource.open");
}

TEST(AuthorizePartially, DecidesOnceAForbidHolds) {
  const Residual residual = decided(R"(
    permit (principal, action, resource);
    forbid (principal, action, resource) when { context.mfa };
    forbid (principal, action, resource in Folder::"shared");)",
                                    any_resource());
  EXPECT_EQ(residual.decision, Decision::kDeny);
  EXPECT_EQ(residual.must_be_determining, Ids{"policy1"});
  EXPECT_EQ(residual.may_be_determining, (Ids{"policy1", "policy2"}));
}

TEST(AuthorizePartially, DecidesOnceAPermitHoldsAndNoForbidCan) {
  const Residual residual = decided(R"(
    permit (principal, action, resource);
    permit (principal, action, resource in Folder::"shared");
    forbid (principal, action, resource) when { resource.level > 1 } unless { context.mfa };)",
                                    any_resource());
  EXPECT_EQ(residual.decision, Decision::kAllow);
  EXPECT_EQ(residual.must_be_determining, Ids{"policy0"});
  EXPECT_EQ(residual.may_be_determining, (Ids{"policy0", "policy1"}));
}

TEST(AuthorizePartially, LeavesOpenWhatAForbidMayTurn) {
  const Residual residual = decided(R"(
    permit (principal, action, resource);
    forbid (principal, action, resource in Folder::"shared");)",
                                    any_resource());
  EXPECT_EQ(residual.decision, std::nullopt);
  EXPECT_EQ(residual.must_be_determining, Ids());
  EXPECT_EQ(residual.may_be_determining, (Ids{"policy0", "policy1"}));
}

TEST(AuthorizePartially, DeniesWhatNoPermitCanReach) {
  const Residual residual = decided(R"(
    permit (principal == User::"bob", action, resource);
    forbid (principal, action, resource in Folder::"shared");)",
                                    any_resource());
  EXPECT_EQ(residual.decision, Decision::kDeny);
  EXPECT_EQ(residual.must_be_determining, Ids());
}

TEST(AuthorizePartially, TakesLinksUnderTheirIds) {
  PolicySet policies = policies_of("@a(\"b\") permit (principal == ?principal, action, resource == ?resource);");
  ASSERT_TRUE(
      policies.link({"one", "policy0", {{Slot::kPrincipal, {"User", "ann"}}, {Slot::kResource, {"File", "x"}}}}));
  ASSERT_TRUE(
      policies.link({"two", "policy0", {{Slot::kPrincipal, {"User", "bob"}}, {Slot::kResource, {"File", "x"}}}}));
  const auto residual = authorize_partially(policies, *small_world(), any_resource());
  ASSERT_TRUE(residual);
  ASSERT_EQ(residual->policies.policies().size(), 1U);
  EXPECT_EQ(to_cedar(residual->policies.policies()[0]),
            "@a(\"b\")\npermit (principal, action, resource == File::\"x\");");
  EXPECT_EQ(residual->policies.policies()[0].id, "one");
}

TEST(AuthorizePartially, RefusesExpressionsDeeperThanTheLimits) {
  Limits limits;
  limits.max_depth = 3;
  const auto residual = authorize_partially(policies_of("permit (principal, action, resource) when { !!!true };"),
                                            *small_world(), any_resource(), limits);
  ASSERT_FALSE(residual);
  EXPECT_EQ(residual.error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::policy
