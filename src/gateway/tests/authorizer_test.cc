#include "gateway/authorizer.h"

#include <gtest/gtest.h>

namespace redoubt::gateway {
namespace {

ApiKey key(Role role, std::vector<std::string> models) {
  return {.id = "k", .role = role, .models = std::move(models)};
}

Decision decide(const ApiKey& principal, std::string_view action, std::string_view model) {
  return GrantAuthorizer().decide({.principal = &principal, .action = action, .model = model});
}

TEST(GrantAuthorizer, PermitsAModelThatTheKeyNames) {
  const ApiKey caller = key(Role::kCaller, {"small", "large"});
  const Decision decision = decide(caller, "chat.completions", "large");
  EXPECT_TRUE(decision.permit);
  EXPECT_EQ(decision.policy_uid, "key-names-model");
}

TEST(GrantAuthorizer, DeniesAModelThatTheKeyDoesNotName) {
  const ApiKey caller = key(Role::kCaller, {"small"});
  for (const std::string_view model : {"large", "smal", "small2", "Small", "", "*"}) {
    const Decision decision = decide(caller, "chat.completions", model);
    EXPECT_FALSE(decision.permit) << model;
    EXPECT_EQ(decision.policy_uid, "default-deny");
  }
}

TEST(GrantAuthorizer, AStarGrantsEveryModel) {
  const ApiKey caller = key(Role::kCaller, {"*"});
  EXPECT_TRUE(decide(caller, "chat.completions", "anything").permit);
}

TEST(GrantAuthorizer, AStarInsideANameIsNoPattern) {
  const ApiKey caller = key(Role::kCaller, {"small*", "**"});
  EXPECT_FALSE(decide(caller, "chat.completions", "small-1").permit);
}

TEST(GrantAuthorizer, AKeyWithoutModelsMayCallNone) {
  const ApiKey caller = key(Role::kCaller, {});
  EXPECT_FALSE(decide(caller, "chat.completions", "small").permit);
  EXPECT_FALSE(decide(caller, "chat.completions", "").permit);
}

TEST(GrantAuthorizer, CallersMayListModels) {
  const Decision decision = decide(key(Role::kCaller, {}), "models.list", "");
  EXPECT_TRUE(decision.permit);
  EXPECT_EQ(decision.policy_uid, "caller-may-list");
}

TEST(GrantAuthorizer, AuditorsMayCallNothing) {
  const ApiKey auditor = key(Role::kAuditor, {"*"});
  for (const std::string_view action : {"chat.completions", "models.list", "embeddings"}) {
    const Decision decision = decide(auditor, action, "small");
    EXPECT_FALSE(decision.permit) << action;
    EXPECT_EQ(decision.policy_uid, "role-may-not-call");
  }
}

TEST(GrantAuthorizer, DeniesActionsThatItDoesNotKnow) {
  const ApiKey caller = key(Role::kCaller, {"*"});
  for (const std::string_view action : {"", "chat", "chat.completions ", "CHAT.COMPLETIONS", "embeddings"}) {
    const Decision decision = decide(caller, action, "small");
    EXPECT_FALSE(decision.permit) << action;
    EXPECT_EQ(decision.policy_uid, "default-deny");
  }
}

TEST(GrantAuthorizer, ADecisionThatNobodyMadeDenies) {
  EXPECT_FALSE(Decision().permit);
}

}  // namespace
}  // namespace redoubt::gateway
