#include "crypto/random_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "crypto/secret.h"

namespace redoubt::crypto {
namespace {

TEST(RandomPool, HandsOutNoByteTwice) {
  RandomPool pool;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::array<std::byte, 16> bytes{};
    pool.fill(bytes);
    EXPECT_TRUE(seen.insert(std::string(as_chars(bytes))).second);
  }
}

TEST(RandomPool, FillsMoreThanItHolds) {
  RandomPool pool;
  Bytes bytes(100'000);
  pool.fill(bytes);
  for (std::size_t at = 0; at + 1000 <= bytes.size(); at += 1000) {
    const auto part = ByteView(bytes).subspan(at, 1000);
    EXPECT_FALSE(std::all_of(part.begin(), part.end(), [](std::byte b) { return b == std::byte{0}; }));
  }
}

TEST(RandomPool, KeepsNoCopyOfWhatItHandedOut) {
  RandomPool pool;
  std::array<std::byte, 48> bytes{};
  for (int i = 0; i < 50; ++i) {
    pool.fill(bytes);
    EXPECT_EQ(::memmem(&pool, sizeof pool, bytes.data(), bytes.size()), nullptr);
  }
}

TEST(RandomPool, NothingIsAskedForNothing) {
  RandomPool pool;
  pool.fill({});
}

}  // namespace
}  // namespace redoubt::crypto
