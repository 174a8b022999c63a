#include "base/timestamp.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt {
namespace {

TEST(Timestamp, ReadsTimesInUtc) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), UnixMillis{0});
  EXPECT_EQ(parse_timestamp("2024-02-29T23:59:59.999Z"), UnixMillis{1'709'251'199'999});
  EXPECT_EQ(parse_timestamp("2026-01-31T12:00:00.5Z"), UnixMillis{1'769'860'800'500});
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.999Z"), UnixMillis{253'402'300'799'999});
}

TEST(Timestamp, RefusesOtherForms) {
  for (const char* bad : {"",
                          "2026-01-31",
                          "2026-01-31T12:00:00",
                          "2026-01-31T12:00:00z",
                          "2026-01-31t12:00:00Z",
                          "2026-01-31 12:00:00Z",
                          "2026-01-31T12:00:00+00:00",
                          "2026-01-31T12:00:00.Z",
                          "2026-01-31T12:00:00.1234Z",
                          "2026-02-30T12:00:00Z",
                          "2025-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-01-00T00:00:00Z",
                          "2026-01-31T24:00:00Z",
                          "2026-01-31T12:60:00Z",
                          "2026-12-31T23:59:60Z",
                          "1969-12-31T23:59:59Z",
                          "-026-01-31T12:00:00Z",
                          "2026-01-31T12:00: 0Z",
                          "2026-01-31T12:00:00,5Z",
                          "20260-1-31T12:00:00Z"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(Timestamp, IsReadAsItWasWritten) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const UnixMillis time{static_cast<std::int64_t>(random() % 253'402'300'800'000ULL)};
    const std::string text = format_timestamp(time);
    ASSERT_EQ(parse_timestamp(text), time) << text;
  }
}

TEST(Timestamp, ClampsWhatACalendarOfFourDigitsDoesNotHave) {
  EXPECT_EQ(format_timestamp({-1}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp({INT64_MAX}), "9999-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace redoubt
