// The small blocks of a profile: levels, seasons, drift, distinct counts and quantiles.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "anomaly/cusum.h"
#include "anomaly/decayed_quantiles.h"
#include "anomaly/distinct_counter.h"
#include "anomaly/robust.h"
#include "anomaly/seasonal_baseline.h"

namespace redoubt::anomaly {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kMonday = 1'767'571'200'000;  // 2026-01-05T00:00:00Z
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

UnixMillis at_hour(std::int64_t hour) {
  return {kMonday + hour * kHour};
}

// Requests an hour of somebody who works from 9 to 17 on workdays.
double office_hours(std::int64_t hour, std::mt19937_64& random) {
  const HourOfWeek at = hour_of_week(at_hour(hour));
  const bool works = at.weekday < 5 && at.hour >= 9 && at.hour < 17;
  return static_cast<double>(std::poisson_distribution<int>(works ? 200 : 3)(random));
}

TEST(LogScale, IsOddMonotonicAndFinite) {
  EXPECT_EQ(log_scale(0), 0);
  EXPECT_EQ(log_scale(kNan), 0);
  EXPECT_EQ(log_scale(-5), -log_scale(5));
  EXPECT_TRUE(std::isfinite(log_scale(kInfinity)));
  EXPECT_TRUE(std::isfinite(from_log_scale(1e9)));
  EXPECT_LT(log_scale(10), log_scale(11));
  for (const double value : {0.0, 0.5, 17.0, 1e12}) {
    EXPECT_NEAR(from_log_scale(log_scale(value)), value, 1e-9 * (1 + value));
  }
}

TEST(RobustZ, CountsSpreadsAndSurvivesNonsense) {
  EXPECT_DOUBLE_EQ(robust_z(7, 1, 2, 0.1), 3);
  EXPECT_DOUBLE_EQ(robust_z(2, 1, 0, 0.5), 2);
  EXPECT_EQ(robust_z(kNan, 0, 1, 1), 0);
  EXPECT_EQ(robust_z(kInfinity, 0, 1, 1), 1e6);
}

TEST(RobustLevel, LearnsCentreAndSpreadDespiteOutliers) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(10, 2);
  RobustLevel level;
  EXPECT_EQ(level.z(1000, 0.1), 0);  // nothing is known
  for (int i = 0; i < 1000; ++i) level.learn(i % 50 == 49 ? 1e6 : normal(random));
  EXPECT_NEAR(level.centre, 10, 0.7);
  EXPECT_NEAR(level.spread, 2, 0.7);
  EXPECT_GT(level.z(25, 0.1), 5);
  const RobustLevel before = level;
  level.learn(kNan);
  level.learn(kInfinity);
  EXPECT_EQ(level, before);
}

TEST(RobustLevel, IsLessSureOfWhatItSawLess) {
  RobustLevel few;
  RobustLevel many;
  for (const double value : {1.0, 2.0, 1.0, 2.0}) few.learn(value);
  for (int i = 0; i < 200; ++i) many.learn(1 + i % 2);
  EXPECT_LT(few.confidence(), 0.5);
  EXPECT_GT(many.confidence(), 0.9);
  EXPECT_LT(few.z(5, 0.1), many.z(5, 0.1));
}

TEST(HourOfWeek, IsRightBeforeAndAfter1970) {
  EXPECT_EQ(hour_of_week({0}).weekday, 3U);  // Thursday
  EXPECT_EQ(hour_of_week({-1}).weekday, 2U);
  EXPECT_EQ(hour_of_week({-1}).hour, 23U);
  EXPECT_EQ(hour_of_week({kMonday}).weekday, 0U);
  EXPECT_EQ(hour_of_week({kMonday + 6 * 24 * kHour + 23 * kHour}).weekday, 6U);
  EXPECT_LT(hour_of_week({std::numeric_limits<std::int64_t>::min()}).hour, 24U);
  EXPECT_LT(hour_of_week({std::numeric_limits<std::int64_t>::max()}).weekday, 7U);
}

template <class T>
class SeasonalBaselines : public testing::Test {};
using Kinds = testing::Types<SeasonalBaseline<1>, SeasonalBaseline<2>, SeasonalBaseline<7>>;
TYPED_TEST_SUITE(SeasonalBaselines, Kinds);

TYPED_TEST(SeasonalBaselines, StartsCautious) {
  TypeParam baseline;
  EXPECT_EQ(baseline.z(at_hour(10), 1e9), 0);
  EXPECT_EQ(baseline.expect(at_hour(10)).confidence, 0);
  baseline.learn(at_hour(10), 100);
  EXPECT_LT(baseline.z(at_hour(11), 400), 1.5);        // four times as much in its second hour is nothing yet
  EXPECT_GT(baseline.z(at_hour(11), 1'000'000), 3.0);  // ten thousand times is
}

TYPED_TEST(SeasonalBaselines, KnowsTheHoursOfTheDay) {
  std::mt19937_64 random(11);
  TypeParam baseline;
  for (std::int64_t hour = 0; hour < 8 * 168; ++hour) baseline.learn(at_hour(hour), office_hours(hour, random));
  EXPECT_TRUE(baseline.valid());
  const std::int64_t tuesday = 8 * 168 + 24;
  EXPECT_GT(baseline.z(at_hour(tuesday + 3), 200), 5) << "at night as much as by day";
  EXPECT_LT(std::abs(baseline.z(at_hour(tuesday + 3), 3)), 1.5);
  EXPECT_GT(baseline.expect(at_hour(tuesday + 3)).confidence, 0.5);
}

TEST(SeasonalBaseline, TellsDaysOfRestFromWorkdays) {
  std::mt19937_64 random(12);
  SeasonalBaseline<2> baseline;
  SeasonalBaseline<7> weekdays;
  for (std::int64_t hour = 0; hour < 8 * 168; ++hour) {
    const double value = office_hours(hour, random);
    baseline.learn(at_hour(hour), value);
    weekdays.learn(at_hour(hour), value);
  }
  const UnixMillis monday_11 = at_hour(8 * 168 + 11);
  const UnixMillis sunday_11 = at_hour(8 * 168 + 6 * 24 + 11);
  EXPECT_NEAR(baseline.expect(monday_11).value, 200, 30);
  EXPECT_LT(baseline.expect(sunday_11).value, 8);
  EXPECT_GT(baseline.z(sunday_11, 200), 3);
  EXPECT_NEAR(weekdays.expect(monday_11).value, 200, 60);
  EXPECT_GT(weekdays.z(sunday_11, 200), 3);
}

TEST(SeasonalBaseline, OneHugeHourChangesLittle) {
  std::mt19937_64 random(13);
  SeasonalBaseline<1> baseline;
  for (std::int64_t hour = 0; hour < 30 * 24; ++hour) {
    baseline.learn(at_hour(hour), static_cast<double>(std::poisson_distribution<int>(100)(random)));
  }
  const double before = baseline.expect(at_hour(30 * 24)).value;
  baseline.learn(at_hour(30 * 24), 1e12);
  EXPECT_NEAR(baseline.expect(at_hour(31 * 24)).value, before, 0.1 * before);
}

TEST(SeasonalBaseline, ClockJumpsAndLateRecordsDoNoHarm) {
  std::mt19937_64 random(14);
  SeasonalBaseline<7> baseline;
  for (int i = 0; i < 3000; ++i) {
    const auto hour = static_cast<std::int64_t>(random() % 100'000) - 50'000;
    baseline.learn(at_hour(hour), office_hours(hour, random));
  }
  baseline.learn({std::numeric_limits<std::int64_t>::max()}, 1);
  baseline.learn({std::numeric_limits<std::int64_t>::min()}, 1);
  EXPECT_TRUE(baseline.valid());
  EXPECT_NEAR(baseline.expect(at_hour(24 + 10)).value, 200, 80);
}

TEST(SeasonalBaseline, IsItsBytes) {
  std::mt19937_64 random(15);
  SeasonalBaseline<2> baseline;
  for (std::int64_t hour = 0; hour < 500; ++hour) baseline.learn(at_hour(hour), office_hours(hour, random));
  SeasonalBaseline<2> restored;
  std::memcpy(&restored, &baseline, sizeof baseline);
  EXPECT_EQ(restored, baseline);
  restored.weights[5] = 200;
  EXPECT_FALSE(restored.valid());
}

TEST(SeasonalBaseline, AnyNumbersLeaveItValid) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  SeasonalBaseline<2> baseline;
  for (int i = 0; i < 5000; ++i) {
    double value = 0;
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
    const UnixMillis time{static_cast<std::int64_t>(random())};
    ASSERT_TRUE(std::isfinite(baseline.z(time, value)));
    baseline.learn(time, value);
    ASSERT_TRUE(baseline.valid());
  }
}

// Observations until it is raised, out of `most`; `most` if it never is.
int raised_after(Cusum drift, int most, const auto& value) {
  for (int i = 0; i < most; ++i) {
    drift.learn(value(i));
    if (drift.raised()) return i;
  }
  return most;
}

Cusum settled(std::mt19937_64& random) {
  Cusum drift;
  std::normal_distribution<double> normal(5, 0.3);
  for (int i = 0; i < 30 * 24; ++i) drift.learn(normal(random));
  return drift;
}

TEST(Cusum, SeesTheSlowlyRampingAttackerThatABaselineFollows) {
  std::mt19937_64 random(21);
  std::normal_distribution<double> noise(0, 0.3);
  const Cusum drift = settled(random);
  SeasonalBaseline<1> baseline;
  for (int i = 0; i < 30 * 24; ++i) baseline.learn(at_hour(i), from_log_scale(5 + noise(random)));
  // Two in a hundred more each day, every hour within what is usual: after two months, three times as much.
  double z_max = 0;
  const auto ramp = [&](int hour) { return 5 + hour * 0.02 / 24 + noise(random); };
  for (int i = 0; i < 60 * 24; ++i) {
    const double value = from_log_scale(ramp(i));
    z_max = std::max(z_max, baseline.z(at_hour(720 + i), value));
    baseline.learn(at_hour(720 + i), value);
  }
  EXPECT_LT(z_max, 5) << "led along";
  EXPECT_LT(raised_after(drift, 60 * 24, ramp), 30 * 24) << "less than twice as much";
}

TEST(Cusum, SeesAShiftWithinADayAndKeepsIt) {
  std::mt19937_64 random(22);
  std::normal_distribution<double> noise(0, 0.3);
  Cusum drift = settled(random);
  EXPECT_LT(raised_after(drift, 100, [&](int) { return 5.6 + noise(random); }), 24);
  EXPECT_LT(raised_after(drift, 100, [&](int) { return 4.4 + noise(random); }), 24);
  for (int i = 0; i < 14 * 24; ++i) drift.learn(5.6 + noise(random));
  EXPECT_TRUE(drift.raised()) << "two weeks of it are no excuse";
  EXPECT_GT(drift.raised_for, 13U * 24);
  drift.accept(5.6);
  for (int i = 0; i < 14 * 24; ++i) {
    drift.learn(5.6 + noise(random));
    ASSERT_FALSE(drift.raised());
  }
}

TEST(Cusum, IsQuietWhereNothingDrifts) {
  int alarms = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(5, 0.3);
    alarms += raised_after(settled(random), 90 * 24, [&](int) { return normal(random); }) < 90 * 24 ? 1 : 0;
  }
  EXPECT_LE(alarms, 1) << "in 20 times 90 days";
}

TEST(Cusum, OneHugeValueAloneRaisesNothing) {
  std::mt19937_64 random(23);
  std::normal_distribution<double> normal(5, 0.3);
  Cusum drift = settled(random);
  drift.learn(1e20);
  EXPECT_FALSE(drift.raised());
  drift.learn(kNan);
  drift.learn(-kInfinity);
  EXPECT_TRUE(drift.valid());
  EXPECT_GE(raised_after(drift, 200, [&](int) { return normal(random); }), 200);
}

TEST(DistinctCounter, IsWithinItsErrorFromOneToAMillion) {
  std::mt19937_64 random(31);
  for (const int count : {1, 2, 5, 10, 30, 100, 1000, 30'000, 1'000'000}) {
    double squares = 0;
    const int rounds = count > 10'000 ? 20 : 200;
    for (int round = 0; round < rounds; ++round) {
      DistinctCounter counter;
      for (int i = 0; i < count; ++i) counter.add(random());
      const double error = counter.estimate() / count - 1;
      squares += error * error;
    }
    EXPECT_LT(std::sqrt(squares / rounds), 0.19) << count;
  }
}

TEST(DistinctCounter, CountsNothingTwice) {
  DistinctCounter counter;
  EXPECT_TRUE(counter.empty());
  EXPECT_EQ(counter.estimate(), 0);
  EXPECT_TRUE(counter.add(0x9E3779B97F4A7C15));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(counter.add(0x9E3779B97F4A7C15));
  EXPECT_NEAR(counter.estimate(), 1, 0.2);
  counter.add(0);  // the rarest hash there is
  EXPECT_TRUE(counter.valid());
}

TEST(DistinctCounter, MergingCountsTheUnion) {
  std::mt19937_64 random(32);
  DistinctCounter left;
  DistinctCounter right;
  DistinctCounter both;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t hash = random();
    if (i % 3 != 0) left.add(hash);
    if (i % 3 != 1) right.add(hash);
    both.add(hash);
  }
  left.merge(right);
  EXPECT_EQ(left, both);
}

TEST(DistinctCounter, ForeignBytesDoNotReachBeyondIt) {
  DistinctCounter counter;
  counter.packed.fill(0xFF);
  EXPECT_FALSE(counter.valid());
  EXPECT_GE(counter.estimate(), 0);
}

TEST(DecayedQuantiles, AreRightToOnePartInNine) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> lognormal(8, 1);
  DecayedQuantiles sketch;
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i) {
    values.push_back(lognormal(random));
    sketch.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.1, 0.5, 0.9, 0.99}) {
    const double exact = values[static_cast<std::size_t>(q * 1999)];
    EXPECT_NEAR(sketch.quantile(q) / exact, 1, 0.13) << q;
    EXPECT_NEAR(sketch.rank(exact), q, 0.06);
  }
}

TEST(DecayedQuantiles, ForgetByHalvesAndNeverOverflow) {
  DecayedQuantiles sketch;
  for (int i = 0; i < 100'000; ++i) sketch.add(10);
  EXPECT_TRUE(sketch.valid());
  EXPECT_LT(sketch.weight(), 4100);
  for (int i = 0; i < 8; ++i) sketch.halve();
  for (int i = 0; i < 100; ++i) sketch.add(1000);
  EXPECT_NEAR(sketch.quantile(0.5), 1000, 120);
}

TEST(DecayedQuantiles, KeepTheUpperOnesWhenTheSpanMoves) {
  DecayedQuantiles sketch;
  for (int i = 0; i < 100; ++i) sketch.add(1e-3);
  for (int i = 0; i < 100; ++i) sketch.add(1e12);
  EXPECT_NEAR(sketch.quantile(0.9) / 1e12, 1, 0.13);
  EXPECT_LT(sketch.quantile(0.2), 1e8);
  EXPECT_EQ(sketch.weight(), 200);
  for (const double value : {0.0, -1.0, kNan, kInfinity, 5e-324, 1e308}) sketch.add(value);
  EXPECT_TRUE(sketch.valid());
  EXPECT_EQ(sketch.rank(-1), 0.5 * sketch.zeros / sketch.total);
}

TEST(DecayClock, IsNotFooledByJumps) {
  constexpr std::int64_t kDay = 24 * kHour;
  DecayClock clock;
  EXPECT_EQ(clock.due({kMonday}, kDay), 0U);
  EXPECT_EQ(clock.due({kMonday + kDay}, kDay), 1U);
  EXPECT_EQ(clock.due({kMonday + kDay}, kDay), 0U);
  EXPECT_EQ(clock.due({kMonday}, kDay), 0U) << "a late record";
  EXPECT_EQ(clock.due({kMonday + kDay}, kDay), 0U) << "and back";
  EXPECT_EQ(clock.due({kMonday + 3650 * kDay}, kDay), DecayClock::kJump) << "ten years ahead";
  EXPECT_EQ(clock.due({kMonday + 2 * kDay}, kDay), 0U) << "and right again";
  EXPECT_EQ(clock.due({kMonday + 3 * kDay}, kDay), 1U);
}

}  // namespace
}  // namespace redoubt::anomaly
