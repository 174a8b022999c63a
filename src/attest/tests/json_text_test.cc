#include "attest/internal/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::attest {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

std::uint64_t number_in(const JsonText& text) {
  return text.root()["n"].get_uint64().value();
}

TEST(JsonText, OneThatLivesIsNotDisturbedByTheNext) {
  const auto first = JsonText::parse(as_bytes(R"({"n":1})"), kMaxBytes);
  const auto second = JsonText::parse(as_bytes(R"({"n":2})"), kMaxBytes);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(number_in(*first), 1U);
  EXPECT_EQ(number_in(*second), 2U);
}

TEST(JsonText, FollowsWhenItIsMoved) {
  auto made = JsonText::parse(as_bytes(R"({"n":3})"), kMaxBytes);
  ASSERT_TRUE(made);
  const JsonText moved = *std::move(made);
  ASSERT_TRUE(JsonText::parse(as_bytes(R"({"n":4})"), kMaxBytes));
  EXPECT_EQ(number_in(moved), 3U);
}

TEST(JsonText, ReadsShortAndLongByTurns) {
  const std::string padded = R"({"n":5, "filler":")" + std::string(8000, 'x') + "\"}";
  for (int round = 0; round < 3; ++round) {
    const auto small = JsonText::parse(as_bytes(R"({"n":6})"), kMaxBytes);
    const auto large = JsonText::parse(as_bytes(padded), kMaxBytes);
    ASSERT_TRUE(small && large);
    EXPECT_EQ(number_in(*small), 6U);
    EXPECT_EQ(number_in(*large), 5U);
  }
}

TEST(JsonText, GoesOnAfterWhatCannotBeRead) {
  EXPECT_EQ(JsonText::parse(as_bytes(R"({"n":)"), kMaxBytes).error().code(), Errc::kMalformed);
  EXPECT_EQ(JsonText::parse(as_bytes(R"({"n":7,"n":7})"), kMaxBytes).error().code(), Errc::kMalformed);
  const auto good = JsonText::parse(as_bytes(R"({"n":8})"), kMaxBytes);
  ASSERT_TRUE(good);
  EXPECT_EQ(number_in(*good), 8U);
}

TEST(JsonText, HasALimitOfBytesAndOfDepth) {
  const std::string text = R"({"n":9})";
  EXPECT_TRUE(JsonText::parse(as_bytes(text), text.size()));
  EXPECT_EQ(JsonText::parse(as_bytes(text), text.size() - 1).error().code(), Errc::kTooLarge);
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(JsonText::parse(as_bytes(nested(JsonText::kMaxDepth)), kMaxBytes));
  EXPECT_EQ(JsonText::parse(as_bytes(nested(JsonText::kMaxDepth + 1)), kMaxBytes).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::attest
