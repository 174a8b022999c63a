#include "anomaly/stream_forest.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace redoubt::anomaly {
namespace {

using Point = std::array<double, 3>;

Point normal_point(std::mt19937_64& random) {
  std::normal_distribution<double> normal(0, 1);
  const double first = normal(random);
  return {first, first + 0.1 * normal(random), normal(random)};
}

StreamForest taught(std::uint64_t seed, int points) {
  auto forest = StreamForest::create({.dimensions = 3, .trees = 30, .sample = 128, .half_life = 1000, .seed = seed});
  EXPECT_TRUE(forest);
  std::mt19937_64 random(5);
  for (int i = 0; i < points; ++i) forest->insert(normal_point(random));
  return *std::move(forest);
}

TEST(StreamForest, ScoresWhatIsFarOutOrAgainstTheCorrelationHigher) {
  const StreamForest forest = taught(1, 3000);
  std::mt19937_64 random(6);
  double usual = 0;
  for (int i = 0; i < 200; ++i) usual += forest.score(normal_point(random)) / 200;
  EXPECT_NEAR(usual, 0.5, 0.1);
  EXPECT_GT(forest.score(Point{10, 10, 0}), usual + 0.25);
  EXPECT_GT(forest.score(Point{1.5, -1.5, 0}), usual + 0.05) << "each value is usual, together they are not";
  EXPECT_GT(forest.score(Point{100, 100, 100}), 0.9);
}

TEST(StreamForest, SaysNothingBeforeItKnowsAnything) {
  auto forest = StreamForest::create({.dimensions = 1, .trees = 10});
  ASSERT_TRUE(forest);
  for (int i = 0; i < 31; ++i) {
    EXPECT_EQ(forest->score(std::array{1e9}), 0);
    forest->insert(std::array{static_cast<double>(i)});
  }
  forest->insert(std::array{5.0});
  EXPECT_GT(forest->score(std::array{1e9}), 0.8);
  EXPECT_EQ(forest->points_seen(), 32U);
}

TEST(StreamForest, ForgetsWhatHasBeenGoneForLong) {
  StreamForest forest = taught(2, 2000);
  const Point elsewhere{8, 8, 8};
  const double before = forest.score(elsewhere);
  std::mt19937_64 random(7);
  for (int i = 0; i < 8000; ++i) {
    Point point = normal_point(random);
    for (double& value : point) value += 8;
    forest.insert(point);
  }
  EXPECT_LT(forest.score(elsewhere), before - 0.2);
  EXPECT_GT(forest.score(Point{0, 0, 0}), 0.6);
}

TEST(StreamForest, IsTheSameFromTheSameSeedAndGoesOnAfterRestoring) {
  StreamForest forest = taught(3, 700);
  StreamForest twin = taught(3, 700);
  auto restored = StreamForest::restore(forest.save());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->save(), forest.save());
  std::mt19937_64 random(8);
  for (int i = 0; i < 500; ++i) {
    const Point point = normal_point(random);
    ASSERT_EQ(forest.score(point), twin.score(point));
    ASSERT_EQ(forest.score(point), restored->score(point));
    forest.insert(point);
    twin.insert(point);
    restored->insert(point);
  }
  EXPECT_EQ(restored->save(), forest.save());
}

TEST(StreamForest, EqualPointsAndNumbersThatAreNoneDoNoHarm) {
  auto forest = StreamForest::create({.dimensions = 2, .trees = 5, .sample = 16, .half_life = 10});
  ASSERT_TRUE(forest);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const double largest = std::numeric_limits<double>::max();
  std::mt19937_64 random(9);
  const std::array<double, 7> values{0, 1, nan, infinity, -infinity, largest, 5e-324};
  for (int i = 0; i < 3000; ++i) {
    const std::array<double, 2> point{values[random() % 7], values[random() % 7]};
    const double score = forest->score(point);
    ASSERT_TRUE(score >= 0 && score <= 1) << score;
    forest->insert(point);
  }
  EXPECT_TRUE(StreamForest::restore(forest->save()));
}

TEST(StreamForest, RefusesOptionsOutOfTheirRange) {
  const auto refused = [](StreamForestOptions options) {
    const auto forest = StreamForest::create(options);
    return !forest && forest.error().code() == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused({.dimensions = 0}));
  EXPECT_TRUE(refused({.dimensions = 65}));
  EXPECT_TRUE(refused({.dimensions = 1, .trees = 0}));
  EXPECT_TRUE(refused({.dimensions = 1, .sample = 1}));
  EXPECT_TRUE(refused({.dimensions = 1, .half_life = 0}));
  EXPECT_TRUE(refused({.dimensions = 1, .half_life = std::numeric_limits<double>::quiet_NaN()}));
}

TEST(StreamForest, RefusesAlteredCutAndExtendedBytes) {
  const Bytes saved = taught(4, 300).save();
  Bytes extended = saved;
  extended.push_back(std::byte{0});
  EXPECT_EQ(StreamForest::restore(extended).error().code(), Errc::kCorrupt);
  for (std::size_t size = 0; size < saved.size(); size += 1 + saved.size() / 300) {
    ASSERT_FALSE(StreamForest::restore(ByteView(saved).first(size))) << size;
  }
  Bytes version = saved;
  version[8] = std::byte{9};
  EXPECT_EQ(StreamForest::restore(version).error().code(), Errc::kUnsupported);
  Bytes cut = saved;  // the first cut of the first tree: 48 bytes of head, 12 of the tree, 8 of the node
  cut[48 + 12 + 8 + 7] ^= std::byte{0x80};
  EXPECT_EQ(StreamForest::restore(cut).error().code(), Errc::kCorrupt);
}

}  // namespace
}  // namespace redoubt::anomaly
