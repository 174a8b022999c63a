#include "base/histogram.h"

#include <gtest/gtest.h>

namespace redoubt {
namespace {

constexpr std::array<std::uint64_t, 3> kBounds{10, 100, 1000};
using Sizes = Histogram<kBounds>;

TEST(Histogram, BoundsBelongToTheirBucket) {
  Sizes sizes;
  for (const std::uint64_t value : {0, 10, 11, 100, 101, 1000, 1001}) sizes.observe(std::uint64_t{value});
  EXPECT_EQ(sizes.counts, (std::array<std::uint64_t, 4>{2, 2, 2, 1}));
  EXPECT_EQ(sizes.sum, 2223U);
  EXPECT_EQ(sizes.total(), 7U);
}

TEST(Histogram, TimesCountInNanosecondsAndNegativeOnesAsNone) {
  Sizes times;
  times.observe(std::chrono::nanoseconds(50));
  times.observe(std::chrono::nanoseconds(-5));
  EXPECT_EQ(times.counts, (std::array<std::uint64_t, 4>{1, 1, 0, 0}));
  EXPECT_EQ(times.sum, 50U);
}

TEST(Histogram, AddsBucketByBucket) {
  Sizes a;
  Sizes b;
  Sizes both;
  for (const std::uint64_t value : {1, 50, 5000}) {
    a.observe(std::uint64_t{value});
    both.observe(std::uint64_t{value});
  }
  for (const std::uint64_t value : {2, 999}) {
    b.observe(std::uint64_t{value});
    both.observe(std::uint64_t{value});
  }
  a.add(b);
  EXPECT_EQ(a, both);
}

}  // namespace
}  // namespace redoubt
