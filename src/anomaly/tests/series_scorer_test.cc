#include "anomaly/series_scorer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace redoubt::anomaly {
namespace {

constexpr std::int64_t kFiveMinutes = 300'000;

// A day's wave with noise, and what `change` makes of it.
std::vector<double> scores(std::size_t length, const auto& change) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0, 2);
  SeriesScorer scorer;
  std::vector<double> out;
  for (std::size_t i = 0; i < length; ++i) {
    const double wave = 50 + 20 * std::sin(static_cast<double>(i) * 2 * 3.14159265 / 288);
    out.push_back(scorer.score({static_cast<std::int64_t>(i) * kFiveMinutes}, change(i, wave + noise(random))));
  }
  return out;
}

double highest(const std::vector<double>& of, std::size_t from, std::size_t to) {
  double out = 0;
  for (std::size_t i = from; i < to; ++i) out = std::max(out, of[i]);
  return out;
}

TEST(SeriesScorer, FindsASpikeAShiftAStandstillAndAMissedNight) {
  const std::size_t length = 4032;
  const std::size_t at = 3200;
  const auto usual = scores(length, [](std::size_t, double value) { return value; });
  const double quiet = highest(usual, 600, length);
  EXPECT_LT(quiet, 0.55) << "chance alone, once in 3,432 rows";
  const auto spike = scores(length, [&](std::size_t i, double value) { return i == at ? value + 100 : value; });
  EXPECT_GT(highest(spike, at, at + 2), std::max(quiet, 0.5));
  const auto shift = scores(length, [&](std::size_t i, double value) { return i >= at ? value + 40 : value; });
  EXPECT_GT(highest(shift, at, at + 40), std::max(quiet, 0.5));
  const auto still = scores(length, [&](std::size_t i, double value) { return i >= at ? 50 : value; });
  EXPECT_GT(highest(still, at, at + 150), std::max(quiet, 0.4));
  const auto no_night =
      scores(length, [&](std::size_t i, double value) { return i / 288 == 11 ? 50 + std::abs(value - 50) : value; });
  EXPECT_GT(highest(no_night, 11 * 288, 12 * 288), quiet);
}

TEST(SeriesScorer, TellsAnEventOnce) {
  const std::size_t at = 3200;
  const auto shift = scores(4032, [&](std::size_t i, double value) { return i >= at ? value + 40 : value; });
  int told = 0;
  for (std::size_t i = at; i < 4032; ++i) told += shift[i] > 0.5 ? 1 : 0;
  EXPECT_GE(told, 1);
  EXPECT_LE(told, 20) << "of 832 rows at the new level";
}

TEST(SeriesScorer, UsesNothingOfWhatComesLaterAndIsTheSameEachTime) {
  const auto whole = scores(2000, [](std::size_t i, double value) { return i > 1500 ? 1e6 : value; });
  const auto begin = scores(1500, [](std::size_t, double value) { return value; });
  for (std::size_t i = 0; i < begin.size(); ++i) ASSERT_EQ(whole[i], begin[i]) << i;
}

TEST(SeriesScorer, AConstantSeriesIsNeverUnusual) {
  SeriesScorer scorer;
  for (int i = 0; i < 5000; ++i) ASSERT_LT(scorer.score({i * kFiveMinutes}, 45), 0.3) << i;
}

TEST(SeriesScorer, AnyNumbersGiveAScoreWithinItsRange) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  SeriesScorer scorer;
  EXPECT_EQ(scorer.score({0}, std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(scorer.score({0}, std::numeric_limits<double>::infinity()), 0);
  for (int i = 0; i < 5000; ++i) {
    double value = 0;
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
    const double score = scorer.score({static_cast<std::int64_t>(random())}, value);
    ASSERT_GE(score, 0);
    ASSERT_LT(score, 1);
  }
}

}  // namespace
}  // namespace redoubt::anomaly
