#include "limits/internal/meter_state.h"

#include <gtest/gtest.h>

#include <deque>

#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

// Rules refer to their limits, which stay until the end.
Rule rule_of(Limit limit) {
  static std::deque<Limit> limits;
  return make_rule(limits.emplace_back(std::move(limit)));
}
Rule minute_of(std::uint64_t amount) {
  return rule_of(window(SubjectType::kKey, "k", Quantity::kTokens, Period::kMinute, amount));
}
Rule bucket_of(Period period, std::uint64_t amount, std::uint64_t burst = 0) {
  return rule_of(bucket(SubjectType::kKey, "k", Quantity::kTokens, period, amount, burst));
}

// How many single units pass at once.
std::uint64_t units_at_once(const Rule& rule, UnixMillis now) {
  MeterState state = fresh(rule.kind, now);
  std::uint64_t units = 0;
  while (const auto charge = charged_if_fits(rule, state, 1, now)) {
    state = charge->state;
    ++units;
  }
  return units;
}

TEST(MeterState, AWindowTakesItsAmountAndBeginsAnew) {
  const Rule rule = minute_of(10);
  const UnixMillis now = date(2026, 2, 28, 23, 59, 59, 999);
  const MeterState state = charged_if_fits(rule, fresh(rule.kind, now), 10, now)->state;
  EXPECT_FALSE(charged_if_fits(rule, state, 1, now));
  EXPECT_EQ(remaining(rule, state, now), 0u);
  EXPECT_EQ(reset_ms(rule, state, now), 1);
  const UnixMillis next = date(2026, 3, 1);
  EXPECT_EQ(remaining(rule, state, next), 10u);
  EXPECT_TRUE(charged_if_fits(rule, state, 10, next));
  EXPECT_TRUE(is_idle(rule.kind, state, next));
}

TEST(MeterState, AClockThatJumpsBackFreesNothing) {
  const Rule window = minute_of(10);
  const Rule bucket = bucket_of(Period::kMinute, 10);
  for (const std::int64_t back_ms : {1LL, 60'000LL, 86'400'000LL, 100 * 86'400'000LL}) {
    for (const Rule* rule : {&window, &bucket}) {
      const MeterState state = charged_if_fits(*rule, fresh(rule->kind, at()), 10, at())->state;
      EXPECT_FALSE(charged_if_fits(*rule, state, 1, at(-back_ms)));
      EXPECT_EQ(remaining(*rule, state, at(-back_ms)), 0u);
      EXPECT_FALSE(is_idle(rule->kind, state, at(-back_ms)));
      EXPECT_GE(*wait_ms(*rule, state, 1, at(-back_ms)), back_ms);
    }
  }
}

TEST(MeterState, ABucketHoldsItsBurstExactlyAlsoInSingleUnits) {
  for (const std::uint64_t amount : {1u, 3u, 7u, 60u, 999u, 1000u}) {
    for (const Period period : {Period::kSecond, Period::kMinute, Period::kHour, Period::kDay, Period::kMonth}) {
      const Rule rule = bucket_of(period, amount);
      EXPECT_EQ(units_at_once(rule, at()), amount) << to_string(period);
      EXPECT_TRUE(charged_if_fits(rule, fresh(rule.kind, at()), amount, at()));
      EXPECT_FALSE(charged_if_fits(rule, fresh(rule.kind, at()), amount + 1, at()));
      EXPECT_EQ(remaining(rule, fresh(rule.kind, at()), at()), amount);
    }
  }
  EXPECT_EQ(units_at_once(bucket_of(Period::kSecond, 2, 7), at()), 7u);
  // Here a unit takes two nanoseconds and less: what is rounded is rounded against the caller.
  const Rule fast = bucket_of(Period::kSecond, 700'000'000, 1'000'000);
  EXPECT_LE(units_at_once(fast, at()), 1'000'000u);
  EXPECT_GE(units_at_once(fast, at()), 700'000u);
}

TEST(MeterState, ABucketRefillsSteadily) {
  const Rule rule = bucket_of(Period::kMinute, 60, 5);
  MeterState state = charged_if_fits(rule, fresh(rule.kind, at()), 5, at())->state;
  EXPECT_EQ(*wait_ms(rule, state, 1, at()), 1000);
  EXPECT_EQ(*wait_ms(rule, state, 2, at()), 2000);
  EXPECT_EQ(wait_ms(rule, state, 6, at()), std::nullopt);
  EXPECT_EQ(reset_ms(rule, state, at()), 5000);
  EXPECT_FALSE(charged_if_fits(rule, state, 1, at(999)));
  state = charged_if_fits(rule, state, 1, at(1000))->state;
  EXPECT_FALSE(charged_if_fits(rule, state, 1, at(1000)));
  EXPECT_EQ(remaining(rule, state, at(3500)), 2u);
  EXPECT_EQ(remaining(rule, state, at(1'000'000)), 5u);
}

TEST(MeterState, WhatIsForgottenIsWhatMeansNothing) {
  const Rule rule = bucket_of(Period::kMinute, 60, 5);
  const MeterState state = charged_if_fits(rule, fresh(rule.kind, at()), 5, at())->state;
  EXPECT_FALSE(is_idle(rule.kind, state, at(4999)));
  EXPECT_TRUE(is_idle(rule.kind, state, at(5000)));
  EXPECT_TRUE(is_idle(rule.kind, fresh(rule.kind, at()), at()));
  EXPECT_TRUE(is_idle(MeterKind::kMonth, fresh(MeterKind::kMonth, at()), at()));
}

TEST(MeterState, NoAmountIsNothingAtAll) {
  for (const Rule& rule : {minute_of(0), bucket_of(Period::kHour, 0)}) {
    const MeterState state = fresh(rule.kind, at());
    EXPECT_FALSE(charged_if_fits(rule, state, 1, at()));
    EXPECT_EQ(remaining(rule, state, at()), 0u);
    EXPECT_EQ(wait_ms(rule, state, 1, at()), std::nullopt);
    EXPECT_NE(charged(rule, state, 5, at()).state, kForgotten);
  }
}

TEST(MeterState, UseBeyondALimitIsKeptAndBounded) {
  const Rule window = minute_of(10);
  MeterState state = charged(window, fresh(window.kind, at()), 25, at()).state;
  EXPECT_EQ(remaining(window, state, at()), 0u);
  EXPECT_FALSE(charged_if_fits(window, state, 1, at()));
  state = charged(window, state, ~std::uint64_t{0}, at()).state;
  EXPECT_NE(state, kForgotten);
  EXPECT_FALSE(charged_if_fits(window, state, 1, at()));
  EXPECT_EQ(remaining(window, state, at(60'000)), 10u);

  const Rule bucket = bucket_of(Period::kMonth, 1);
  state = charged(bucket, fresh(bucket.kind, at()), ~std::uint64_t{0}, at()).state;
  state = charged(bucket, state, ~std::uint64_t{0}, at()).state;
  EXPECT_LT(state, std::uint64_t{1} << 63);
  EXPECT_EQ(reset_ms(bucket, state, at()), 400LL * 86'400'000);
}

TEST(MeterState, WhatIsGivenBackIsGivenToTheWindowItWasTakenFrom) {
  const Rule rule = minute_of(100);
  const Charge first = charged(rule, fresh(rule.kind, at()), 60, at());
  EXPECT_EQ(remaining(rule, given_back(rule, first.state, first.mark, 60, 10, at()), at()), 90u);
  const Charge second = charged(rule, first.state, 30, at(60'000));
  EXPECT_EQ(given_back(rule, second.state, first.mark, 60, 0, at(60'000)), second.state);
  const Mark both = joined(rule, first.mark, second.mark);
  EXPECT_EQ(remaining(rule, given_back(rule, second.state, both, 90, 0, at(60'000)), at(60'000)), 100u);
  EXPECT_EQ(joined(rule, no_mark(rule), first.mark), first.mark);
  EXPECT_EQ(joined(rule, first.mark, no_mark(rule)), first.mark);
}

TEST(MeterState, ABucketIsGivenBackWhatHasNotFlowedInMeanwhile) {
  const Rule rule = bucket_of(Period::kMinute, 60);  // one a second
  const Charge charge = charged(rule, fresh(rule.kind, at()), 40, at());
  EXPECT_EQ(given_back(rule, charge.state, charge.mark, 40, 0, at()), fresh(rule.kind, at()));
  EXPECT_EQ(reset_ms(rule, given_back(rule, charge.state, charge.mark, 40, 10, at(5000)), at(5000)), 10'000);
  // All of it has flowed in, and what others were charged since stays.
  const Charge other = charged(rule, charge.state, 20, at(90'000));
  EXPECT_EQ(given_back(rule, other.state, charge.mark, 40, 0, at(90'000)), other.state);
}

TEST(MeterState, WhatWasSavedMeansTheSameLater) {
  const Rule rule = minute_of(100);
  const MeterState state = charged(rule, fresh(rule.kind, at()), 60, at()).state;
  EXPECT_EQ(revived(rule.kind, state, at(), at(59'999)), state);
  EXPECT_EQ(revived(rule.kind, state, at(), at(60'000)), std::nullopt);
  // After so long that the number of the window has come round.
  EXPECT_EQ(revived(rule.kind, state, at(), at((std::int64_t{1} << 20) * 60'000)), std::nullopt);
  // The clock was set back, a little and a lot.
  EXPECT_EQ(revived(rule.kind, state, at(), at(-86'400'000)), state);
  const UnixMillis long_ago = at(-800LL * 86'400'000);
  const auto kept = revived(rule.kind, state, at(), long_ago);
  ASSERT_TRUE(kept);
  EXPECT_EQ(remaining(rule, *kept, long_ago), 40u);

  const Rule bucket = bucket_of(Period::kMinute, 60);
  const MeterState drawn = charged(bucket, fresh(bucket.kind, at()), 40, at()).state;
  EXPECT_EQ(revived(bucket.kind, drawn, at(), at(10'000)), drawn);
  EXPECT_EQ(revived(bucket.kind, drawn, at(), at(40'000)), std::nullopt);
}

TEST(MeterState, TheFullerOfTwoIsTheLater) {
  const Rule rule = minute_of(100);
  const MeterState early = charged(rule, fresh(rule.kind, at()), 90, at()).state;
  const MeterState late = charged(rule, fresh(rule.kind, at(60'000)), 1, at(60'000)).state;
  const MeterState later = charged(rule, late, 1, at(60'000)).state;
  EXPECT_EQ(fuller(rule.kind, early, late), late);
  EXPECT_EQ(fuller(rule.kind, late, early), late);
  EXPECT_EQ(fuller(rule.kind, later, late), later);
}

}  // namespace
}  // namespace redoubt::limits
