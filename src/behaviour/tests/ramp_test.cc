// A steady rise is told however slow it is, and days as usual are not.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "behaviour/internal/detectors.h"
#include "behaviour/internal/small_state.h"
#include "behaviour/simulation/random.h"

namespace redoubt::behaviour {
namespace {

constexpr double kGrowth = 0.9;
constexpr double kTold = 4.7;  // as detect_at_day_end.cc has it

// Amounts of days, log-normal, rising by `daily` from one to the next from day `from` on.
Ramp ramp_of(std::uint64_t seed, int days, double spread, double daily, int from = 0) {
  simulation::Random random(seed);
  Ramp out;
  for (int day = 0; day < days; ++day) {
    out.learn(random.lognormal(1000, spread) * std::exp(daily * std::max(0, day - from)));
  }
  return out;
}

int told_of(int months, int days, double spread, double daily, int from = 0) {
  int out = 0;
  for (int i = 0; i < months; ++i) {
    if (ramp_of(static_cast<std::uint64_t>(i) + 1, days, spread, daily, from).rise(kGrowth).z >= kTold) ++out;
  }
  return out;
}

TEST(Ramp, TellsARiseOfAFortnight) {
  EXPECT_GE(told_of(100, 14, 0.2, 0.12), 90);
}

TEST(Ramp, TellsARiseThatTakesMonths) {
  // From one day to the next nothing is seen: a hundredth, where days differ by a third.
  EXPECT_EQ(told_of(100, 120, 0.35, 0.012), 100);
  // After as long without one.
  EXPECT_EQ(told_of(100, 240, 0.35, 0.012, 120), 100);
}

TEST(Ramp, TellsNothingOfDaysAsUsual) {
  EXPECT_EQ(told_of(1000, 20, 0.45, 0), 0);
  EXPECT_EQ(told_of(200, 300, 0.45, 0), 0);
  EXPECT_EQ(told_of(100, 120, 0.35, -0.012), 0);
}

TEST(Ramp, TellsNothingOfARiseThatIsSmall) {
  EXPECT_EQ(told_of(100, 60, 0.05, 0.008), 0);  // in all by six tenths
}

TEST(Ramp, NeedsFourteenDays) {
  EXPECT_EQ(ramp_of(1, 13, 0.01, 0.3).rise(kGrowth).z, 0);
  EXPECT_GT(ramp_of(1, 14, 0.01, 0.3).rise(kGrowth).z, kTold);
}

TEST(Ramp, KeepsTheMeansOfOldDays) {
  Ramp ramp;
  for (int day = 0; day < 2000; ++day) {
    ramp.learn(1000);
    ASSERT_LE(ramp.size(), Ramp::kPlaces);
    ASSERT_TRUE(ramp.valid());
    if (day >= 14) {
      ASSERT_GE(ramp.sizes[0], 14);
    }
  }
  const auto place = static_cast<std::int16_t>(std::lround(std::log1p(1000.0) * Ramp::kStep));
  for (std::size_t i = 0; i < ramp.size(); ++i) EXPECT_EQ(ramp.places[i], place) << i;
  EXPECT_EQ(ramp.rise(0).z, 0);
  for (int day = 0; day < 300; ++day) ramp.learn(day < 150 ? 10 : 1000);
  EXPECT_GT(ramp.rise(kGrowth).days, 200);  // the first half is still there
}

TEST(Ramp, WhatWasToldIsNotToldAgain) {
  Ramp ramp = ramp_of(1, 30, 0.1, 0.1);
  ASSERT_GE(ramp.rise(kGrowth).z, kTold);
  ramp.begin_anew();
  EXPECT_TRUE(ramp.valid());
  EXPECT_EQ(ramp.size(), 3U);
  EXPECT_EQ(ramp.rise(kGrowth).z, 0);
  const double level = std::expm1(ramp.places[2] / Ramp::kStep);
  for (int day = 0; day < 60; ++day) ramp.learn(level);
  EXPECT_LT(ramp.rise(kGrowth).z, kTold);
  for (int day = 0; day < 14; ++day) ramp.learn(level * std::exp(0.1 * day));
  EXPECT_GE(ramp.rise(kGrowth).z, kTold);
}

TEST(Peaks, HardlyFollowWhileThereMayBeARamp) {
  float held = 1000;
  float followed = 1000;
  for (int day = 0; day < 20; ++day) {
    raise_peak(held, 5000, 20, false, true);
    raise_peak(followed, 5000, 20, false);
  }
  EXPECT_LT(held, 2700);
  EXPECT_EQ(followed, 5000);
}

TEST(Ramp, SavedBytesThatAreNoneAreRefused) {
  Ramp ramp = ramp_of(1, 40, 0.3, 0);
  ASSERT_TRUE(ramp.valid());
  Ramp broken = ramp;
  broken.places[3] = -1;
  EXPECT_FALSE(broken.valid());
  broken = ramp;
  broken.sizes[0] = Ramp::kDays + 1;
  EXPECT_FALSE(broken.valid());
  broken = ramp;
  broken.sizes[4] = Ramp::kOfLevel + 1;
  EXPECT_FALSE(broken.valid());
  broken = ramp;
  broken.reserved = 1;
  EXPECT_FALSE(broken.valid());
}

}  // namespace
}  // namespace redoubt::behaviour
