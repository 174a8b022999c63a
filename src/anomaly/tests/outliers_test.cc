#include "anomaly/outliers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace redoubt::anomaly {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Two correlated columns and one of noise; the last row is far out as `outlier` says.
Table table_with(std::vector<double> outlier, std::size_t rows = 400) {
  std::mt19937_64 random(17);
  std::normal_distribution<double> normal(0, 1);
  Table out{.rows = rows, .columns = 3, .values = {}};
  for (std::size_t i = 0; i + 1 < rows; ++i) {
    const double first = normal(random);
    for (const double value : {first, 2 * first + 0.1 * normal(random), normal(random)}) out.values.push_back(value);
  }
  out.values.insert(out.values.end(), outlier.begin(), outlier.end());
  return out;
}

std::size_t rank_of_last(const std::vector<double>& scores) {  // 0: the highest
  return static_cast<std::size_t>(
      std::count_if(scores.begin(), scores.end(), [&](double score) { return score > scores.back(); }));
}

TEST(OutlierScores, PutsFarOutAndUncorrelatedRowsFirst) {
  for (const auto& outlier : std::vector<std::vector<double>>{{6, 12, 0}, {0, 0, 7}}) {
    EXPECT_LE(rank_of_last(*outlier_scores(table_with(outlier), 1)), 2U) << outlier[0];
  }
  // Each of its values is usual.
  EXPECT_LE(rank_of_last(*outlier_scores(table_with({1.5, -3, 0}), 1)), 8U) << "of 400";
}

TEST(OutlierScores, AreTheSameFromTheSameSeedAndWhateverTheUnits) {
  Table table = table_with({4, 8, 0});
  const auto once = outlier_scores(table, 5);
  EXPECT_EQ(*once, *outlier_scores(table, 5));
  EXPECT_NE(*once, *outlier_scores(table, 6));
  for (std::size_t i = 0; i < table.values.size(); i += 3) table.values[i] = table.values[i] * 1024 - 4096;
  const auto other_units = outlier_scores(table, 5);
  EXPECT_EQ(rank_of_last(*once), rank_of_last(*other_units));
}

TEST(OutlierScores, MissingValuesStandForTheMedianAndConstantColumnsForNothing) {
  Table table = table_with({6, 12, 0});
  Table with_constant{.rows = table.rows, .columns = 5, .values = {}};
  for (std::size_t row = 0; row < table.rows; ++row) {
    for (std::size_t c = 0; c < 3; ++c) with_constant.values.push_back(table.values[row * 3 + c]);
    with_constant.values.push_back(7);
    with_constant.values.push_back(kNan);
  }
  EXPECT_EQ(*outlier_scores(table, 1), *outlier_scores(with_constant, 1));
  table.values[3] = kNan;
  table.values[7] = kInfinity;
  table.values[11] = -kInfinity;
  const auto scores = outlier_scores(table, 1);
  ASSERT_TRUE(scores);
  EXPECT_LE(rank_of_last(*scores), 1U);
  for (const double score : *scores) EXPECT_TRUE(std::isfinite(score));
}

TEST(OutlierScores, TablesWithoutContentScoreNothing) {
  EXPECT_TRUE(outlier_scores({}, 1)->empty());
  EXPECT_EQ(*outlier_scores({.rows = 2, .columns = 0, .values = {}}, 1), (std::vector<double>{0, 0}));
  EXPECT_EQ(*outlier_scores({.rows = 1, .columns = 2, .values = {1, 2}}, 1), (std::vector<double>{0}));
  EXPECT_EQ(*outlier_scores({.rows = 2, .columns = 1, .values = {1, 2}}, 1), (std::vector<double>{0, 0}));
  EXPECT_EQ(*outlier_scores({.rows = 4, .columns = 1, .values = {3, 3, 3, 3}}, 1), (std::vector<double>(4, 0)));
}

TEST(OutlierScores, RefusesWhatIsNoTableOrTooLarge) {
  EXPECT_EQ(outlier_scores({.rows = 2, .columns = 2, .values = {1}}, 1).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(outlier_scores({.rows = kTableRowsMax + 1, .columns = 1, .values = {}}, 1).error().code(), Errc::kTooLarge);
  EXPECT_EQ(outlier_scores({.rows = 1, .columns = kTableColumnsMax + 1, .values = {}}, 1).error().code(),
            Errc::kTooLarge);
}

TEST(OutlierScores, AnyNumbersGiveFiniteScores) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    Table table{.rows = 3 + random() % 40, .columns = 1 + random() % 5, .values = {}};
    const bool alike = round % 2 == 0;
    for (std::size_t i = 0; i < table.rows * table.columns; ++i) {
      double value = static_cast<double>(random() % 3);
      const std::uint64_t bits = random();
      if (!alike) std::memcpy(&value, &bits, sizeof value);
      table.values.push_back(value);
    }
    const auto scores = outlier_scores(table, seed);
    ASSERT_TRUE(scores);
    for (const double score : *scores) ASSERT_TRUE(std::isfinite(score));
  }
}

TEST(OutlierQuality, IsAsDefined) {
  const auto quality = outlier_quality({0.9, 0.8, 0.7, 0.6}, {true, false, true, false});
  ASSERT_TRUE(quality);
  EXPECT_DOUBLE_EQ(quality->auc, 0.75);
  EXPECT_DOUBLE_EQ(quality->average_precision, 0.5 * (1 + 2.0 / 3));
  const auto tied = outlier_quality({1, 1, 1, 1}, {true, false, false, false});
  EXPECT_DOUBLE_EQ(tied->auc, 0.5);
  EXPECT_DOUBLE_EQ(tied->average_precision, 0.25);
  EXPECT_FALSE(outlier_quality({1, 2}, {false, false}));
  EXPECT_FALSE(outlier_quality({1, 2}, {true}));
}

}  // namespace
}  // namespace redoubt::anomaly
