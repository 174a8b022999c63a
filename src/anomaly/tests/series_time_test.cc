#include "anomaly/series_time.h"

#include <gtest/gtest.h>

namespace redoubt::anomaly {
namespace {

std::int64_t read(std::string_view text) {
  const auto time = parse_series_time(text);
  EXPECT_TRUE(time) << text;
  return time ? time->value : -1;
}

TEST(SeriesTime, ReadsDatesAndSeconds) {
  EXPECT_EQ(read("2014-04-01 00:05:00"), 1'396'310'700'000);
  EXPECT_EQ(read("2014-04-01T00:05:00Z"), 1'396'310'700'000);
  EXPECT_EQ(read("2014-04-01 00:05:00.000000"), 1'396'310'700'000);
  EXPECT_EQ(read("2014-04-01 00:05:00.1239"), 1'396'310'700'123);
  EXPECT_EQ(read("1396310700"), 1'396'310'700'000);
  EXPECT_EQ(read("-1.5"), -1500);
}

TEST(SeriesTime, RefusesWhatIsNoTime) {
  for (const std::string_view text : {"", "today", "2014-04-31 00:00:00", "2014-04-01 24:00:00", "2014-04-01 00:61:00",
                                      "2014-04-01", "2014-04-01 00:05:00+02:00", "2014-04-01 00:05:00.", "1e5",
                                      "99999999999999", "nan", "2014/04/01 00:05:00", "20x4-04-01 00:05:00"}) {
    const auto time = parse_series_time(text);
    EXPECT_FALSE(time) << text;
  }
}

}  // namespace
}  // namespace redoubt::anomaly
