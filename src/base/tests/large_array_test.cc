#include "base/large_array.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace redoubt {
namespace {

struct Element {
  std::uint64_t value = 7;
};

TEST(LargeArray, MakesItsElementsAndKeepsThem) {
  constexpr std::size_t kSize = 1'000'000;
  const LargeArray<Element> array(kSize);
  for (std::size_t i = 0; i < kSize; ++i) ASSERT_EQ(array[i].value, 7U) << i;
  for (std::size_t i = 0; i < kSize; ++i) array[i].value = i;
  for (std::size_t i = 0; i < kSize; ++i) ASSERT_EQ(array[i].value, i);
}

TEST(LargeArray, BeginsWhereAHugePageMay) {
  const LargeArray<char> array(1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&array[0]) % (2 * 1024 * 1024), 0U);
}

static_assert(!std::is_copy_constructible_v<LargeArray<int>> && !std::is_move_constructible_v<LargeArray<int>>);

}  // namespace
}  // namespace redoubt
