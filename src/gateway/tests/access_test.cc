#include "gateway/access.h"

#include <gtest/gtest.h>

#include "gateway/tests/access_support.h"

namespace redoubt::gateway::test {
namespace {

constexpr std::string_view kPermitAll = "permit (principal, action, resource);";

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() { authorization_ = known_.add("app"); }

  Ruling rule(const Access& access, std::string_view authorization, AccessRequest request) {
    const auto caller = access.find(authorization, kKnownSince);
    EXPECT_TRUE(caller);
    request.principal = caller->principal;
    request.key = caller->key;
    return access.rule(request, entities_);
  }

  Known known_;
  std::string authorization_;
  identity::EntityCache entities_{&policy_schema()};
};

TEST_F(AccessTest, FindsWhoHoldsAKey) {
  const auto access = make_access(known_);
  const auto caller = access->find(authorization_, kKnownSince);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->principal->id, "app");
  EXPECT_EQ(caller->key->principal, "app");
  EXPECT_FALSE(access->find(authorization_ + "x", kKnownSince));
  EXPECT_FALSE(access->find({}, kKnownSince));
}

TEST_F(AccessTest, AKeyEndsWhenItIsRevokedAndWhoPinnedAnEarlierAccessGoesOn) {
  const auto before = make_access(known_);
  const identity::Key key = *before->find(authorization_, kKnownSince)->key;
  known_.apply(identity::propose_revocation(key));
  const auto after = make_access(known_);
  EXPECT_FALSE(after->find(authorization_, kKnownSince));
  EXPECT_TRUE(before->find(authorization_, kKnownSince));
}

TEST_F(AccessTest, AClockSetBackRevivesNoKey) {
  const UnixMillis end{kKnownSince.value + 1000};
  const std::string authorization = known_.add_key({.principal = "app", .expires = end});
  EXPECT_TRUE(make_access(known_)->find(authorization, {end.value - 1}));
  EXPECT_FALSE(make_access(known_)->find(authorization, end));
  EXPECT_FALSE(make_access(known_, kPermitAll, end)->find(authorization, {end.value - 1}));
}

TEST_F(AccessTest, NoPolicyWidensTheScopesOfAKey) {
  const std::string authorization = known_.add_key({.principal = "app", .scopes = {"models.list"}});
  const auto access = make_access(known_, kPermitAll);
  EXPECT_TRUE(rule(*access, authorization, {.action = Action::kListModels}).permit);
  for (const Action action :
       {Action::kInvoke, Action::kRelease, Action::kReadEntries, Action::kOpenValues, Action::kReadMetrics}) {
    const Ruling ruling = rule(*access, authorization, {.action = action, .model = "m", .log = "system"});
    EXPECT_FALSE(ruling.permit) << to_string(action);
    EXPECT_EQ(ruling.overruled, "the key is not for this operation") << to_string(action);
    EXPECT_TRUE(ruling.reasons.empty()) << to_string(action);
  }
}

TEST_F(AccessTest, NoPolicyWidensTheModelsOfAKey) {
  const std::string authorization = known_.add_key({.principal = "app", .models = {"small", "smaller"}});
  const auto access = make_access(known_, kPermitAll);
  for (const Action action : {Action::kInvoke, Action::kRelease}) {
    EXPECT_TRUE(rule(*access, authorization, {.action = action, .model = "small"}).permit);
    EXPECT_TRUE(rule(*access, authorization_, {.action = action, .model = "large"}).permit);
    for (const char* other : {"large", "", "*", "smal"}) {
      const Ruling ruling = rule(*access, authorization, {.action = action, .model = other});
      EXPECT_FALSE(ruling.permit) << other;
      EXPECT_EQ(ruling.overruled, "the key is not for this model") << other;
    }
  }
  EXPECT_TRUE(rule(*access, authorization, {.action = Action::kListModels}).permit);
}

TEST_F(AccessTest, AKeyWidensNothingThatPoliciesDeny) {
  const std::string authorization = known_.add_key({.principal = "app", .scopes = {"metrics.read"}});
  const auto access = make_access(known_);
  EXPECT_FALSE(rule(*access, authorization, {.action = Action::kReadMetrics, .log = "system"}).permit);
}

TEST_F(AccessTest, WithoutAKeyThePoliciesAloneAreAsked) {
  const auto access = make_access(known_);
  const AccessRequest request{
      .principal = access->identities().principal("app"), .action = Action::kInvoke, .model = "any"};
  EXPECT_TRUE(access->rule(request, entities_).permit);
}

TEST_F(AccessTest, FindsAgainWhoIsStillKnown) {
  const auto before = make_access(known_);
  const auto caller = before->find(authorization_, kKnownSince);
  ASSERT_TRUE(caller);
  known_.add_key({.principal = "app"});
  const auto after = make_access(known_);
  const auto again = after->find_again(*caller, kKnownSince);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key->id, caller->key->id);
  EXPECT_EQ(again->principal, after->identities().principal("app"));
  known_.apply(identity::propose_revocation(*known_.identities().key(caller->key->id)));
  const auto later = after->find_again(*caller, {kKnownSince.value + 5});
  ASSERT_TRUE(later) << "it is a snapshot";
  EXPECT_EQ(later->authenticated, kKnownSince) << "they have shown nothing since";
  EXPECT_FALSE(make_access(known_)->find_again(*caller, kKnownSince));
}

TEST_F(AccessTest, FindsNobodyAgainWhoseKeyHasEndedOrWhoIsDisabled) {
  constexpr UnixMillis kEnd{kKnownSince.value + 100'000};
  const std::string authorization = known_.add_key({.principal = "app", .expires = kEnd});
  const auto access = make_access(known_);
  const auto caller = access->find(authorization, kKnownSince);
  ASSERT_TRUE(caller);
  EXPECT_TRUE(access->find_again(*caller, {kEnd.value - 1}));
  EXPECT_FALSE(access->find_again(*caller, kEnd));
  EXPECT_FALSE(make_access(known_, kDefaultPolicies, kEnd)->find_again(*caller, kKnownSince)) << "a clock set back";
  known_.apply(identity::propose_enabled(*known_.identities().principal("app"), false));
  EXPECT_FALSE(make_access(known_)->find_again(*caller, kKnownSince));
}

TEST_F(AccessTest, RecordsTellPeopleFromPrograms) {
  const auto& identities = known_.identities();
  EXPECT_EQ(record_type(*identities.principal("admin-1")), record::PrincipalType::kUser);
  EXPECT_EQ(record_type(*identities.principal("app")), record::PrincipalType::kService);
}

}  // namespace
}  // namespace redoubt::gateway::test
