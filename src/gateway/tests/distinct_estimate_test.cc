#include "gateway/distinct_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace redoubt::gateway {
namespace {

TEST(DistinctEstimate, NothingIsNoneAndOneIsOne) {
  DistinctEstimate estimate;
  EXPECT_EQ(estimate.value(), 0u);
  for (int i = 0; i < 1000; ++i) estimate.add(0x0123456789abcdefULL);
  EXPECT_EQ(estimate.value(), 1u);
}

TEST(DistinctEstimate, IsWithinATenthFromTenToAMillion) {
  std::mt19937_64 random(20261121);
  for (const std::uint64_t count : {10ULL, 100ULL, 1000ULL, 3000ULL, 10'000ULL, 100'000ULL, 1'000'000ULL}) {
    DistinctEstimate estimate;
    for (std::uint64_t i = 0; i < count; ++i) estimate.add(random());
    EXPECT_NEAR(static_cast<double>(estimate.value()), static_cast<double>(count), 0.1 * static_cast<double>(count));
  }
}

TEST(DistinctEstimate, ExtremesOfTheHashAreNoTrouble) {
  DistinctEstimate estimate;
  estimate.add(0);
  estimate.add(~0ULL);
  EXPECT_EQ(estimate.value(), 2u);
}

}  // namespace
}  // namespace redoubt::gateway
