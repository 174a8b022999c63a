#include "limits/meters.h"

#include <gtest/gtest.h>

#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

constexpr auto kKey = SubjectType::kKey;
constexpr auto kPrincipal = SubjectType::kPrincipal;
constexpr auto kRequests = Quantity::kRequests;
constexpr auto kTokens = Quantity::kTokens;

const Subjects kAlice = {.key = "k1", .principal = "alice"};

std::uint64_t left(const Meters& meters, const Limit& limit, std::string_view subject, UnixMillis now = at()) {
  return meters.standing(limit, subject, now).remaining;
}

TEST(Meters, NothingIsLimitedWithoutALimit) {
  Meters meters(kTestKey, 8);
  const Limits none;
  Admission admission = meters.admit(none, kAlice, {.requests = 1, .tokens = kAmountMax}, at());
  ASSERT_TRUE(admission);
  EXPECT_TRUE(admission.add({.tokens = 5}, at()));
  EXPECT_EQ(meters.in_use(), 0u);
}

TEST(Meters, AllLimitsOfAllSubjectsApply) {
  const std::vector<std::string> groups = {"nurses", "staff"};
  const Subjects subjects = {.key = "k", .principal = "p", .groups = groups, .tenant = "t", .model = "m"};
  for (const auto& [type, id] : std::vector<std::pair<SubjectType, std::string>>{{SubjectType::kKey, "k"},
                                                                                 {SubjectType::kPrincipal, "p"},
                                                                                 {SubjectType::kGroup, "nurses"},
                                                                                 {SubjectType::kGroup, "staff"},
                                                                                 {SubjectType::kTenant, "t"},
                                                                                 {SubjectType::kModel, "m"}}) {
    for (const std::string& subject : {id, std::string("*")}) {
      Meters meters(kTestKey, 64);
      const Limit limit = window(type, subject, kRequests, Period::kHour, 2);
      const Limits limits = Limits().with(limit);
      EXPECT_TRUE(meters.admit(limits, subjects, kRequest, at()));
      EXPECT_TRUE(meters.admit(limits, subjects, kRequest, at()));
      const Admission third = meters.admit(limits, subjects, kRequest, at());
      EXPECT_FALSE(third);
      EXPECT_EQ(third.refusal().limit->id, limit.id);
      EXPECT_EQ(left(meters, limit, id), 0u);
    }
  }
}

TEST(Meters, ALimitForEachCountsEachByItself) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits().with(window(kPrincipal, "*", kRequests, Period::kHour, 1));
  EXPECT_TRUE(meters.admit(limits, {.principal = "alice"}, kRequest, at()));
  EXPECT_TRUE(meters.admit(limits, {.principal = "bob"}, kRequest, at()));
  EXPECT_FALSE(meters.admit(limits, {.principal = "alice"}, kRequest, at()));
  EXPECT_TRUE(meters.admit(limits, {.key = "alice"}, kRequest, at()));
}

TEST(Meters, EverythingIsChargedOrNothing) {
  Meters meters(kTestKey, 64);
  const Limit wide = bucket(kKey, "k1", kTokens, Period::kMinute, 1000);
  const Limit wider = window(kKey, "k1", kTokens, Period::kDay, 5000);
  const Limit narrow = window(kPrincipal, "alice", kTokens, Period::kMonth, 100);
  const Limits limits = Limits::of(std::array{wide, wider, narrow});
  EXPECT_FALSE(meters.admit(limits, kAlice, {.requests = 1, .tokens = 101}, at()));
  EXPECT_EQ(left(meters, wide, "k1"), 1000u);
  EXPECT_EQ(left(meters, wider, "k1"), 5000u);
  EXPECT_EQ(left(meters, narrow, "alice"), 100u);
  EXPECT_TRUE(meters.admit(limits, kAlice, {.requests = 1, .tokens = 100}, at()));
}

TEST(Meters, TheMostRestrictiveLimitIsNamed) {
  Meters meters(kTestKey, 64);
  const Limit minute = window(kPrincipal, "alice", kRequests, Period::kMinute, 1);
  const Limit day = window(kPrincipal, "alice", kRequests, Period::kDay, 1);
  const Limit hour = window(kKey, "k1", kRequests, Period::kHour, 1);
  const Limits limits = Limits::of(std::array{minute, day, hour});
  EXPECT_TRUE(meters.admit(limits, kAlice, kRequest, at()));
  const Admission refused = meters.admit(limits, kAlice, kRequest, at());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.refusal().limit->id, day.id);
  EXPECT_EQ(refused.refusal().retry_after_ms, 4LL * 3600 * 1000);
  EXPECT_EQ(refused.refusal().status(), 429);
  EXPECT_EQ(refused.refusal().code(), "rate_limit_exceeded");
  EXPECT_EQ(refused.refusal().message(),
            "the limit of requests per day for this principal is reached; try again in 14400 s");
}

TEST(Meters, WhatNeverFitsIsSaidToBeTooMuch) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits()
                            .with(window(kPrincipal, "alice", Quantity::kMoney, Period::kDay, 10))
                            .with(window(kPrincipal, "alice", kRequests, Period::kMonth, 0));
  const Limits money = limits.without("principal.alice.requests.month");
  const Admission much = meters.admit(money, kAlice, {.requests = 1, .money = 11}, at());
  ASSERT_FALSE(much);
  EXPECT_EQ(much.refusal().retry_after_ms, std::nullopt);
  EXPECT_EQ(much.refusal().code(), "insufficient_quota");
  EXPECT_EQ(much.refusal().remaining, 10u);
  EXPECT_EQ(much.refusal().message(), "the limit of money per day for this principal is less than this needs");
  EXPECT_FALSE(meters.admit(limits, kAlice, kRequest, at()));
}

TEST(Meters, WhatHasNoPricePassesNoLimitOfMoneyAndAllOthers) {
  Meters meters(kTestKey, 64);
  const Limits others = Limits().with(window(kPrincipal, "alice", kTokens, Period::kDay, 10));
  const Limits with_money = others.with(window(kPrincipal, "*", Quantity::kMoney, Period::kMonth, kAmountMax));
  const Use unpriced = {.requests = 1, .tokens = 1, .money = kUnpriced};
  EXPECT_FALSE(meters.admit(with_money, kAlice, unpriced, at()));
  Admission admission = meters.admit(others, kAlice, unpriced, at());
  ASSERT_TRUE(admission);
  EXPECT_TRUE(admission.add({.tokens = 2, .money = kUnpriced}, at()));
  admission.settle({.requests = 1, .tokens = 3, .money = kUnpriced}, at());
  EXPECT_EQ(left(meters, *others.find("principal.alice.tokens.day"), "alice"), 7u);
}

TEST(Meters, WhenNothingIsLeftEvenAnUnknownUseIsRefused) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits().with(window(kPrincipal, "alice", Quantity::kBytesOut, Period::kHour, 100));
  Admission first = meters.admit(limits, kAlice, kRequest, at());
  ASSERT_TRUE(first);
  EXPECT_TRUE(first.add({.bytes_out = 100}, at()));
  EXPECT_FALSE(meters.admit(limits, kAlice, kRequest, at()));
  EXPECT_TRUE(meters.admit(limits, kAlice, kRequest, at(3'600'000)));
}

TEST(Admission, AStreamStopsAtTheLimit) {
  Meters meters(kTestKey, 64);
  const Limit limit = window(kPrincipal, "alice", kTokens, Period::kHour, 10);
  const Limits limits = Limits().with(limit);
  Admission stream = meters.admit(limits, kAlice, {.requests = 1, .tokens = 4}, at());
  ASSERT_TRUE(stream);
  EXPECT_EQ(left(meters, limit, "alice"), 6u);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(stream.add({.tokens = 1}, at()));
  EXPECT_EQ(left(meters, limit, "alice"), 6u);  // so far the estimate
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(stream.add({.tokens = 1}, at()));
  EXPECT_FALSE(stream.add({.tokens = 2}, at()));
  EXPECT_EQ(left(meters, limit, "alice"), 1u);
  EXPECT_FALSE(stream);
  EXPECT_EQ(stream.refusal().limit->id, limit.id);
  EXPECT_FALSE(stream.add({.tokens = 1}, at()));  // it has stopped
  EXPECT_EQ(stream.used(), (Use{.requests = 1, .tokens = 9}));
  stream.settle({.requests = 1, .tokens = 12}, at());
  EXPECT_EQ(left(meters, limit, "alice"), 0u);
}

TEST(Admission, TellsHowLimitsStandAlsoWhenItIsSettled) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits().with(window(kPrincipal, "alice", kTokens, Period::kHour, 10));
  EXPECT_FALSE(limits.any_of(SubjectType::kGroup));
  EXPECT_TRUE(limits.any_of(SubjectType::kPrincipal));
  EXPECT_TRUE(Limits().with(window(SubjectType::kGroup, "*", kTokens, Period::kHour, 10)).any_of(SubjectType::kGroup));
  Admission admission = meters.admit(limits, kAlice, {.requests = 1, .tokens = 4}, at());
  EXPECT_TRUE(admission.counts(kTokens));
  EXPECT_FALSE(admission.counts(kRequests));
  admission.settle({.requests = 1, .tokens = 3}, at());
  std::vector<Standing> standings;
  admission.standings(at(), standings);
  ASSERT_EQ(standings.size(), 1u);
  EXPECT_EQ(standings[0].remaining, 7u);
  admission.settle({.requests = 1, .tokens = 9}, at());  // nothing after the first call
  {
    const Admission moved = std::move(admission);
  }
  EXPECT_EQ(left(meters, *limits.find("principal.alice.tokens.hour"), "alice"), 7u);
}

TEST(Admission, SettlingReplacesTheEstimateByTheRealUse) {
  const Limit window_limit = window(kPrincipal, "alice", kTokens, Period::kHour, 1000);
  const Limit bucket_limit = bucket(kPrincipal, "alice", kTokens, Period::kHour, 1000);
  const Limit requests = window(kPrincipal, "alice", kRequests, Period::kHour, 10);
  const Limits limits = Limits::of(std::array{window_limit, bucket_limit, requests});
  const auto run = [&](std::uint64_t estimate, std::uint64_t added, std::uint64_t real) {
    Meters meters(kTestKey, 64);
    Admission admission = meters.admit(limits, kAlice, {.requests = 1, .tokens = estimate}, at());
    EXPECT_TRUE(admission.add({.tokens = added}, at()));
    admission.settle({.tokens = real}, at());
    EXPECT_FALSE(admission);
    EXPECT_EQ(left(meters, window_limit, "alice"), real >= 1000 ? 0 : 1000 - real);
    EXPECT_EQ(left(meters, bucket_limit, "alice"), real >= 1000 ? 0 : 1000 - real);
    EXPECT_EQ(left(meters, requests, "alice"), 9u);
  };
  run(500, 0, 20);
  run(500, 100, 120);
  run(100, 400, 300);
  run(100, 400, 500);
  run(0, 7, 0);
  run(100, 100, 900);
  run(100, 100, 5000);
}

TEST(Admission, WithoutSettlingWhatFlowedAndTheRequestStayCounted) {
  Meters meters(kTestKey, 64);
  const Limit tokens = window(kPrincipal, "alice", kTokens, Period::kHour, 1000);
  const Limit requests = bucket(kPrincipal, "alice", kRequests, Period::kHour, 10);
  const Limits limits = Limits::of(std::array{tokens, requests});
  {
    Admission admission = meters.admit(limits, kAlice, {.requests = 1, .tokens = 500}, at());
    EXPECT_TRUE(admission.add({.tokens = 30}, at()));
    Admission moved = std::move(admission);
    EXPECT_EQ(left(meters, tokens, "alice"), 500u);
    Admission again;
    again = std::move(moved);
    EXPECT_EQ(left(meters, tokens, "alice"), 500u);
    EXPECT_TRUE(again.add({.tokens = 1}, at()));
  }
  EXPECT_EQ(left(meters, tokens, "alice"), 969u);
  EXPECT_EQ(left(meters, requests, "alice"), 9u);
}

TEST(Admission, AMonthThatEndsMeanwhileIsLeftAlone) {
  Meters meters(kTestKey, 64);
  const Limit limit = window(kPrincipal, "alice", kTokens, Period::kMonth, 1000);
  const Limits limits = Limits().with(limit);
  const UnixMillis before = date(2028, 2, 29, 23, 59, 59);
  const UnixMillis after = date(2028, 3, 1, 0, 0, 1);
  Admission admission = meters.admit(limits, kAlice, {.requests = 1, .tokens = 600}, before);
  Admission other = meters.admit(limits, kAlice, {.requests = 1, .tokens = 10}, after);
  admission.settle({.tokens = 100}, after);
  EXPECT_EQ(left(meters, limit, "alice", after), 990u);
}

TEST(Admission, OtherLimitsMeetAStreamAtItsNextAdd) {
  Meters meters(kTestKey, 64);
  const Limit wide = window(kPrincipal, "alice", kTokens, Period::kHour, 1000);
  Limit narrow = wide;
  narrow.amount = 25;
  const Limit for_key = window(kKey, "k1", kTokens, Period::kDay, 4);
  const Limits before = Limits().with(wide);
  const Limits narrower = before.with(narrow);
  const Limits with_key = before.with(for_key);
  const Limits none;

  Admission stream = meters.admit(before, kAlice, {.requests = 1, .tokens = 500}, at());
  EXPECT_TRUE(stream.add({.tokens = 20}, at()));
  stream.follow(narrower, kAlice, at());
  EXPECT_EQ(left(meters, wide, "alice"), 980u);
  EXPECT_TRUE(stream.add({.tokens = 3}, at()));
  EXPECT_FALSE(stream.add({.tokens = 3}, at()));

  Admission another = meters.admit(before, kAlice, {.requests = 1, .tokens = 500}, at());
  another.follow(with_key, kAlice, at());
  EXPECT_TRUE(another.add({.tokens = 4}, at()));
  EXPECT_FALSE(another.add({.tokens = 1}, at()));
  EXPECT_EQ(another.refusal().limit->id, for_key.id);
  another.settle({.tokens = 3}, at());
  EXPECT_EQ(left(meters, for_key, "k1"), 1u);

  Admission last = meters.admit(before, kAlice, {.requests = 1}, at());
  last.follow(none, kAlice, at());
  EXPECT_TRUE(last.add({.tokens = 100'000}, at()));
}

TEST(Meters, MoreLimitsThanCanBeCountedRefuse) {
  Meters meters(kTestKey, 256);
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < Admission::kAppliedMax; ++i) groups.push_back("group" + std::to_string(i));
  const Limits limits = Limits().with(window(SubjectType::kGroup, "*", kRequests, Period::kHour, 100));
  EXPECT_TRUE(meters.admit(limits, {.groups = groups}, kRequest, at()));
  groups.push_back("one more");
  const Admission refused = meters.admit(limits, {.groups = groups}, kRequest, at());
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.refusal().why, Refusal::Why::kTooManyLimits);
  EXPECT_EQ(refused.refusal().status(), 503);
  EXPECT_EQ(refused.refusal().code(), "limits_unavailable");
}

TEST(Meters, WithoutAFreeMeterWhatNeedsOneIsRefusedAndOthersPass) {
  Meters meters(kTestKey, 4);
  const Limits limits = Limits().with(window(kPrincipal, "*", kRequests, Period::kMinute, 2));
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(meters.admit(limits, {.principal = name}, kRequest, at()));
  const Admission refused = meters.admit(limits, {.principal = "e"}, kRequest, at());
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.refusal().why, Refusal::Why::kNoMeter);
  EXPECT_TRUE(meters.admit(limits, {.principal = "a"}, kRequest, at()));
  EXPECT_EQ(meters.in_use(), 4u);
}

TEST(Meters, IdleMetersAreForgottenAndTheirPlacesUsedAgain) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits()
                            .with(window(kPrincipal, "*", kRequests, Period::kMinute, 2))
                            .with(bucket(kKey, "*", kRequests, Period::kMinute, 2));
  for (int round = 0; round < 20; ++round) {
    const UnixMillis now = at(round * 120'000);
    for (int i = 0; i < 32; ++i) {
      const std::string name = std::to_string(round * 100 + i);
      ASSERT_TRUE(meters.admit(limits, {.key = name, .principal = name}, kRequest, now)) << round;
    }
    // Not yet idle: nothing is forgotten.
    for (std::size_t i = 0; i < 3 * Meters::kSweepCalls; ++i) meters.sweep(now);
    EXPECT_EQ(meters.in_use(), 64u);
    for (std::size_t i = 0; i < 3 * Meters::kSweepCalls; ++i) meters.sweep(at(round * 120'000 + 60'000));
    EXPECT_EQ(meters.in_use(), 0u);
  }
  EXPECT_EQ(meters.places(), 64u);
}

TEST(Meters, AClockSetBackBringsNoForgottenWindowBack) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits()
                            .with(window(kPrincipal, "*", kRequests, Period::kMinute, 1))
                            .with(bucket(kKey, "*", kRequests, Period::kMinute, 1));
  EXPECT_TRUE(meters.admit(limits, kAlice, kRequest, at()));
  for (std::size_t i = 0; i < 3 * Meters::kSweepCalls; ++i) meters.sweep(at(60'000));
  EXPECT_EQ(meters.in_use(), 0u);
  // It is the next minute, whatever the clock says: one more request, not two.
  EXPECT_TRUE(meters.admit(limits, kAlice, kRequest, at()));
  EXPECT_FALSE(meters.admit(limits, kAlice, kRequest, at()));
  EXPECT_FALSE(meters.admit(limits, kAlice, kRequest, at(60'000)));
}

TEST(Meters, AStreamOutlivesTheForgettingOfItsMeter) {
  Meters meters(kTestKey, 64);
  const Limit limit = window(kPrincipal, "alice", kTokens, Period::kMinute, 10);
  const Limits limits = Limits().with(limit);
  Admission stream = meters.admit(limits, kAlice, {.requests = 1, .tokens = 5}, at());
  for (std::size_t i = 0; i < 3 * Meters::kSweepCalls; ++i) meters.sweep(at(60'000));
  EXPECT_EQ(meters.in_use(), 0u);
  EXPECT_TRUE(stream.add({.tokens = 9}, at(60'000)));
  EXPECT_EQ(left(meters, limit, "alice", at(60'000)), 6u);
  stream.settle({.tokens = 8}, at(60'000));
  EXPECT_EQ(left(meters, limit, "alice", at(60'000)), 7u);
}

TEST(Meters, StandingsAreThoseOfTheLimitsThatApply) {
  Meters meters(kTestKey, 64);
  const Limits limits = Limits()
                            .with(window(kPrincipal, "*", kRequests, Period::kMinute, 2))
                            .with(window(kKey, "k1", kTokens, Period::kHour, 100));
  std::vector<Standing> standings;
  Admission admission = meters.admit(limits, kAlice, {.requests = 1, .tokens = 30}, at(1000));
  admission.standings(at(1000), standings);
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].limit->id, "key.k1.tokens.hour");
  EXPECT_EQ(standings[0].remaining, 70u);
  EXPECT_EQ(standings[0].reset_ms, 3'599'000);
  EXPECT_EQ(standings[1].remaining, 1u);
  EXPECT_EQ(standings[1].reset_ms, 59'000);
}

TEST(Meters, WhatIsSavedComesBack) {
  Meters meters(kTestKey, 64);
  const Limit tokens = window(kPrincipal, "alice", kTokens, Period::kHour, 100);
  const Limit requests = bucket(kKey, "k1", kRequests, Period::kHour, 10);
  const Limits limits = Limits::of(std::array{tokens, requests});
  Admission admission = meters.admit(limits, kAlice, {.requests = 3, .tokens = 30}, at());
  Meters again(kTestKey, 64);
  Meters small(kTestKey, 1);
  std::vector<Meters::Restoring> in_small;
  for (std::size_t i = 0; i < meters.places(); ++i) {
    const auto saved = meters.at(i);
    ASSERT_TRUE(saved);
    EXPECT_EQ(again.restore(*saved, at(), at(1000)), Meters::Restoring::kTaken);
    EXPECT_EQ(again.restore(*saved, at(), at(1000)), Meters::Restoring::kTaken);
    EXPECT_EQ(Meters(kTestKey, 8).restore(*saved, at(), at(9'000'000)), Meters::Restoring::kPast);
    EXPECT_EQ(again.restore({saved->key | 63, saved->state}, at(), at()), Meters::Restoring::kUnknown);
    in_small.push_back(small.restore(*saved, at(), at()));
  }
  EXPECT_EQ(in_small, (std::vector{Meters::Restoring::kTaken, Meters::Restoring::kNoRoom}));
  EXPECT_EQ(left(again, tokens, "alice"), 70u);
  EXPECT_EQ(left(again, requests, "k1"), 7u);
}

}  // namespace
}  // namespace redoubt::limits
