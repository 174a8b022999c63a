#include <gtest/gtest.h>

#include "policy/authorizer.h"
#include "policy/tests/support/small_world.h"

namespace redoubt::policy {
namespace {

using testing::decide;
using testing::Named;
using testing::policies_of;
using testing::small_request;
using testing::small_world;
using Ids = std::set<std::string>;
using Errors = std::map<std::string, EvalError>;

TEST(Authorize, DeniesWithoutPolicies) {
  const Named answer = decide("", small_request());
  EXPECT_EQ(answer.decision, Decision::kDeny);
  EXPECT_EQ(answer.reasons, Ids());
  EXPECT_EQ(answer.errors, Errors());
}

TEST(Authorize, NamesEveryPermitThatHeldAsReason) {
  const Named answer = decide(R"(
    permit (principal, action, resource);
    permit (principal == User::"ann", action, resource);
    permit (principal == User::"bob", action, resource);)",
                              small_request());
  EXPECT_EQ(answer.decision, Decision::kAllow);
  EXPECT_EQ(answer.reasons, (Ids{"policy0", "policy1"}));
}

TEST(Authorize, LetsOneForbidOutweighAllPermits) {
  const Named answer = decide(R"(
    permit (principal, action, resource);
    forbid (principal, action, resource) when { principal.level > resource.level };
    permit (principal, action, resource);
    forbid (principal, action, resource) when { false };
    forbid (principal is User, action, resource);)",
                              small_request());
  EXPECT_EQ(answer.decision, Decision::kDeny);
  EXPECT_EQ(answer.reasons, (Ids{"policy1", "policy4"}));
}

TEST(Authorize, LeavesOutPoliciesThatErrAndReportsThem) {
  const Named answer = decide(R"(
    permit (principal, action, resource);
    forbid (principal, action, resource) when { principal.rank > 1 };
    forbid (principal, action, resource) when { context.ip == "::1" };
    permit (principal, action, resource) when { principal.level + 9223372036854775807 > 1 };
    permit (principal, action, resource) when { resource.owner in [principal, "x"] };
    permit (principal, action, resource) when { ip(principal.name).isIpv4() };
    permit (principal, action, resource) when { principal.getTag("room") == "1" };
    permit (principal, action, resource) when { User::"bob".level > 1 };)",
                              small_request());
  EXPECT_EQ(answer.decision, Decision::kAllow);
  EXPECT_EQ(answer.reasons, Ids{"policy0"});
  EXPECT_EQ(answer.errors, (Errors{{"policy1", EvalError::kAttributeMissing},
                                   {"policy2", EvalError::kAttributeMissing},
                                   {"policy3", EvalError::kOverflow},
                                   {"policy4", EvalError::kType},
                                   {"policy5", EvalError::kExtension},
                                   {"policy6", EvalError::kTagMissing},
                                   {"policy7", EvalError::kEntityMissing}}));
}

TEST(Authorize, ReportsErrorsBesideAForbid) {
  const Named answer = decide(R"(
    forbid (principal, action, resource);
    permit (principal, action, resource) when { principal.rank > 1 };)",
                              small_request());
  EXPECT_EQ(answer.decision, Decision::kDeny);
  EXPECT_EQ(answer.reasons, Ids{"policy0"});
  EXPECT_EQ(answer.errors, (Errors{{"policy1", EvalError::kAttributeMissing}}));
}

TEST(Authorize, DoesNotEvaluateConditionsBehindOneThatIsFalse) {
  const Named answer = decide(R"(
    permit (principal, action, resource) when { false } when { principal.rank > 1 };
    permit (principal, action, resource) unless { true } unless { principal.rank > 1 };
    permit (principal == User::"bob", action, resource) when { principal.rank > 1 };)",
                              small_request());
  EXPECT_EQ(answer.errors, Errors());
}

TEST(Authorize, TellsEachFormOfScope) {
  const char* const fits[] = {"principal",
                              R"(principal == User::"ann")",
                              R"(principal in User::"ann")",
                              R"(principal in Team::"staff")",
                              R"(principal in Team::"all")",
                              "principal is User",
                              R"(principal is User in Team::"all")"};
  for (const char* scope : fits) {
    const std::string text = std::string("permit (") + scope + ", action, resource);";
    EXPECT_EQ(decide(text, small_request()).decision, Decision::kAllow) << text;
  }
  const char* const misfits[] = {R"(principal == User::"Ann")",         R"(principal == Team::"staff")",
                                 R"(principal in Team::"none")",        "principal is Team",
                                 R"(principal is Team in Team::"all")", R"(principal is User in Folder::"shared")"};
  for (const char* scope : misfits) {
    const std::string text = std::string("permit (") + scope + ", action, resource);";
    EXPECT_EQ(decide(text, small_request()).decision, Decision::kDeny) << text;
  }
}

TEST(Authorize, TakesAnActionFromAListOnce) {
  const Named answer = decide(R"(
    permit (principal, action in [Action::"read", Action::"write", Action::"read"], resource);
    permit (principal, action in [], resource);
    permit (principal, action in [Action::"write"], resource);)",
                              small_request());
  EXPECT_EQ(answer.reasons, Ids{"policy0"});
}

TEST(Authorize, KnowsPrincipalsThatTheStoreDoesNot) {
  const Request request{{"User", "eve"}, {"Action", "read"}, {"File", "plan"}, {}};
  const Named answer = decide(R"(
    permit (principal == User::"eve", action, resource);
    permit (principal in User::"eve", action, resource);
    permit (principal is User, action, resource);
    permit (principal in Team::"all", action, resource);
    permit (principal, action, resource) when { principal has level };)",
                              request);
  EXPECT_EQ(answer.reasons, (Ids{"policy0", "policy1", "policy2"}));
  EXPECT_EQ(answer.errors, Errors());
}

TEST(Authorize, DecidesLinksOfTemplatesAndNotTheTemplates) {
  PolicySet policies = policies_of(R"(
    @id("for one") @advice("ask")
    permit (principal in ?principal, action, resource == ?resource) when { principal.level > 1 };)");
  const EntityUid plan{"File", "plan"};
  ASSERT_TRUE(policies.link({"staff", "policy0", {{Slot::kPrincipal, {"Team", "staff"}}, {Slot::kResource, plan}}}));
  ASSERT_TRUE(policies.link({"others", "policy0", {{Slot::kPrincipal, {"Team", "other"}}, {Slot::kResource, plan}}}));
  EXPECT_EQ(decide(policies, *small_world(), small_request()).reasons, Ids{"staff"});

  const auto compiled = CompiledPolicies::compile(policies);
  ASSERT_TRUE(compiled);
  ASSERT_EQ((*compiled)->size(), 2U);
  EXPECT_EQ((*compiled)->id(1), "others");
  ASSERT_NE((*compiled)->annotation(1, "advice"), nullptr);
  EXPECT_EQ(*(*compiled)->annotation(1, "advice"), "ask");
  EXPECT_EQ((*compiled)->annotation(1, "advise"), nullptr);
}

TEST(Authorize, ClearsTheAnswerThatItFills) {
  const auto store = small_world();
  const auto allow = CompiledPolicies::compile(policies_of("permit (principal, action, resource);"));
  const auto none = CompiledPolicies::compile(PolicySet());
  Answer answer;
  authorize(**allow, *store, small_request(), answer);
  ASSERT_EQ(answer.decision, Decision::kAllow);
  authorize(**none, *store, small_request(), answer);
  EXPECT_EQ(answer.decision, Decision::kDeny);
  EXPECT_TRUE(answer.reasons.empty());
}

TEST(EntityStore, RefusesEntitiesThatAreTheirOwnAncestors) {
  const auto store = EntityStore::build({{{"T", "a"}, {{"T", "b"}}, {}, {}}, {{"T", "b"}, {{"T", "a"}}, {}, {}}});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::kMalformed);
  const auto own = EntityStore::build({{{"T", "a"}, {{"T", "a"}}, {}, {}}});
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code(), Errc::kMalformed);
}

TEST(EntityStore, TakesEqualEntitiesAsOneAndRefusesOthersOfTheSameUid) {
  const Entity one{{"T", "a"}, {{"T", "b"}}, {}, {}};
  EXPECT_TRUE(EntityStore::build({one, one}));
  Entity other = one;
  other.parents.clear();
  const auto store = EntityStore::build({one, other});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::kAlreadyExists);
}

}  // namespace
}  // namespace redoubt::policy
