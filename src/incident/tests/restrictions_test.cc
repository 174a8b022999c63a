#include "incident/restrictions.h"

#include <gtest/gtest.h>

namespace redoubt::incident {
namespace {

Response response(const std::string& id, Effect effect, const std::string& target, std::int64_t until = 1000) {
  Response out{.id = id, .action = {.effect = effect, .target = *parse_target(target)}, .until = {until}};
  if (effect == Effect::kThrottle) out.action.per_minute = 10;
  return out;
}

TEST(RestrictionsTest, OfAllThatHoldTheStrictestDecides) {
  Restrictions all;
  all.add(response("a", Effect::kThrottle, "principal/p"));
  Response slower = response("b", Effect::kThrottle, "key/k");
  slower.action.per_minute = 3;
  all.add(slower);
  Response inspect = response("c", Effect::kInspect, "model/m");
  inspect.action.families = "secret";
  all.add(inspect);
  inspect.id = "d";
  inspect.action.families = "attack,secret";
  all.add(inspect);
  Restriction held = all.of({.principal = "p", .key = "k", .model = "m"});
  EXPECT_FALSE(held.stop);
  EXPECT_EQ(held.per_minute, 3u);
  EXPECT_EQ(held.throttled, "key/k");
  EXPECT_EQ(held.families, "attack,secret");
  EXPECT_EQ(held.response, "a");
  const std::string tools[] = {"search", "mail.send"};
  all.add(response("e", Effect::kBlock, "tool/mail.send"));
  held = all.of({.principal = "p", .tools = tools});
  EXPECT_EQ(held.stop, Effect::kBlock);
  EXPECT_EQ(held.response, "e");
  EXPECT_FALSE(all.of({.principal = "q"}).any());
}

TEST(RestrictionsTest, ACopyStaysAsItWas) {
  Restrictions all;
  all.add(response("a", Effect::kSuspend, "principal/p"));
  const Restrictions before = all;
  all.remove(response("a", Effect::kSuspend, "principal/p"));
  EXPECT_TRUE(before.of({.principal = "p"}).any());
  EXPECT_FALSE(all.of({.principal = "p"}).any());
  EXPECT_TRUE(all.empty());
}

TEST(RestrictionsTest, TimeEndsAResponse) {
  Restrictions all;
  all.add(response("a", Effect::kQuarantine, "principal/p", 1000));
  EXPECT_TRUE(all.of({.now = {999}, .principal = "p"}).review);
  EXPECT_FALSE(all.of({.now = {1000}, .principal = "p"}).any());
  EXPECT_TRUE(all.holding(*parse_target("principal/p"), {1000}).empty());
}

TEST(RestrictionsTest, WhatSlowsDownIsListed) {
  Restrictions all;
  EXPECT_TRUE(all.throttles({0}).empty());
  all.add(response("b", Effect::kThrottle, "principal/p"));
  all.add(response("a", Effect::kThrottle, "key/k", 500));
  all.add(response("c", Effect::kSuspend, "principal/p"));
  all.add(response("b", Effect::kThrottle, "principal/p"));
  ASSERT_EQ(all.throttles({0}).size(), 2u);
  EXPECT_EQ(all.throttles({0})[0].id, "b");
  EXPECT_EQ(all.throttles({500}).size(), 1u);
  all.remove(response("b", Effect::kThrottle, "principal/p"));
  all.remove(response("b", Effect::kThrottle, "principal/p"));
  all.remove(response("a", Effect::kThrottle, "key/k"));
  EXPECT_TRUE(all.throttles({0}).empty());
  EXPECT_FALSE(all.empty());
}

TEST(RestrictionsTest, SaysWhetherANetworkIsHeldBack) {
  Restrictions all;
  all.add(response("a", Effect::kSuspend, "principal/p"));
  EXPECT_FALSE(all.any_of(TargetType::kNetwork));
  all.add(response("b", Effect::kBlock, "network/00000000000000ff"));
  EXPECT_TRUE(all.any_of(TargetType::kNetwork));
  EXPECT_EQ(all.of({.now = {0}, .network = "00000000000000ff"}).stop, Effect::kBlock);
  EXPECT_FALSE(all.of({.now = {0}, .network = "00000000000000fe"}).any());
  all.remove(response("b", Effect::kBlock, "network/00000000000000ff"));
  all.remove(response("b", Effect::kBlock, "network/00000000000000ff"));
  EXPECT_FALSE(all.any_of(TargetType::kNetwork));
}

TEST(RestrictionsTest, WhatIsNotKnownOfToolsMayBeWhatIsBlocked) {
  Restrictions all;
  all.add(response("a", Effect::kBlock, "tool/mail.send", 1000));
  EXPECT_FALSE(all.of({.now = {0}}).any());
  EXPECT_EQ(all.of({.now = {0}, .tools_cut = true}).response, "a");
  EXPECT_FALSE(all.of({.now = {0}, .data_sets_cut = true}).any());
  EXPECT_FALSE(all.of({.now = {1000}, .tools_cut = true}).any());
}

// A response that begins at 1,000.
Response since(Effect effect, const std::string& target) {
  Response out = response("a", effect, target, 61'000);
  out.action.for_ms = 60'000;
  return out;
}

TEST(RestrictionsTest, SessionsThatWereThereBeforeEnd) {
  Restrictions all;
  all.add(since(Effect::kRevokeSessions, "key/k"));
  const auto held = [&](std::int64_t authenticated) {
    return all.of({.now = {2000}, .key = "k", .authenticated = {authenticated}});
  };
  EXPECT_TRUE(held(999).revoked);
  EXPECT_TRUE(held(999).ends());
  EXPECT_EQ(held(999).response, "a");
  EXPECT_TRUE(held(1000).revoked) << "which of the two came first is not known";
  EXPECT_FALSE(held(1001).any());
  EXPECT_TRUE(all.of({.now = {2000}, .key = "k"}).revoked) << "nobody says when";
  EXPECT_FALSE(all.of({.now = {61'000}, .key = "k"}).any());
}

TEST(RestrictionsTest, ASecondFactorIsFreshThatWasShownSince) {
  Restrictions all;
  all.add(since(Effect::kStepUp, "principal/p"));
  const auto held = [&](std::optional<UnixMillis> factor) {
    return all.of({.now = {2000}, .principal = "p", .authenticated = {2000}, .second_factor = factor});
  };
  EXPECT_TRUE(held({}).step_up);
  EXPECT_TRUE(held(UnixMillis{1000}).step_up);
  EXPECT_FALSE(held(UnixMillis{1001}).any());
  EXPECT_FALSE(held({}).ends());
}

TEST(RestrictionsTest, AnEmptyNameIsNobody) {
  Restrictions all;
  all.add(response("a", Effect::kSuspend, "principal/p"));
  EXPECT_FALSE(all.of({}).any());
}

}  // namespace
}  // namespace redoubt::incident
