#include "redoubt/throttled_limits.h"

#include <gtest/gtest.h>

namespace redoubt::app {
namespace {

using limits::Limit;
using limits::Limits;

incident::Response throttle(const std::string& id, const std::string& target, std::uint32_t per_minute) {
  return {.id = id,
          .action = {.effect = incident::Effect::kThrottle,
                     .target = *incident::parse_target(target),
                     .per_minute = per_minute},
          .until = {1000}};
}

TEST(ThrottledLimitsTest, AThrottleIsABucketOfRequestsAMinute) {
  incident::Restrictions held;
  held.add(throttle("0123456789abcdef", "principal/p", 10));
  held.add(throttle("1123456789abcdef", "key/k", 20));
  const Limits all = throttled(Limits(), held, {0});
  ASSERT_EQ(all.size(), 2u);
  const Limit* const limit = all.find("response.0123456789abcdef");
  ASSERT_NE(limit, nullptr);
  EXPECT_TRUE(limits::check(*limit));
  EXPECT_EQ(limit->subject, "p");
  EXPECT_EQ(limit->amount, 10u);
  EXPECT_EQ(throttled(Limits(), held, {1000}).size(), 0u) << "its time is over";
}

TEST(ThrottledLimitsTest, ItMakesSmallerWhatThereIsAndNothingLarger) {
  const Limit own{.id = "own",
                  .subject_type = limits::SubjectType::kPrincipal,
                  .subject = "p",
                  .quantity = limits::Quantity::kRequests,
                  .bucket = true,
                  .period = limits::Period::kMinute,
                  .amount = 15};
  incident::Restrictions held;
  held.add(throttle("0123456789abcdef", "principal/p", 10));
  held.add(throttle("1123456789abcdef", "principal/p", 12));
  Limits all = throttled(Limits().with(own), held, {0});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.find("own")->amount, 10u);
  incident::Restrictions loose;
  loose.add(throttle("0123456789abcdef", "principal/p", 100));
  all = throttled(Limits().with(own), loose, {0});
  EXPECT_EQ(*all.find("own"), own);
}

TEST(ThrottledLimitsTest, WhatEachHasIsNotMadeLargerForOne) {
  Limit each{.id = "each",
             .subject_type = limits::SubjectType::kPrincipal,
             .subject = std::string(limits::kEach),
             .quantity = limits::Quantity::kRequests,
             .bucket = true,
             .period = limits::Period::kMinute,
             .amount = 15,
             .burst = 5};
  incident::Restrictions held;
  held.add(throttle("0123456789abcdef", "principal/p", 20));
  EXPECT_EQ(throttled(Limits().with(each), held, {0}).size(), 1u) << "the throttle would let more pass";
  each.amount = 30;
  const Limits all = throttled(Limits().with(each), held, {0});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all.find("each")->amount, 30u);
  EXPECT_EQ(all.find("response.0123456789abcdef")->amount, 20u);
  EXPECT_EQ(all.find("response.0123456789abcdef")->burst, 5u);
}

}  // namespace
}  // namespace redoubt::app
