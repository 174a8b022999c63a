#include "limits/internal/calendar.h"

#include <gtest/gtest.h>

#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

UnixMillis end_of_window(MeterKind kind, UnixMillis time) {
  return window_start(kind, window_number(kind, time) + 1);
}

TEST(Calendar, MinutesHoursAndDaysBeginOnTheirFirstMillisecond) {
  const UnixMillis time = date(2026, 11, 21, 20, 31, 59, 999);
  EXPECT_EQ(end_of_window(MeterKind::kMinute, time), date(2026, 11, 21, 20, 32));
  EXPECT_EQ(end_of_window(MeterKind::kHour, time), date(2026, 11, 21, 21));
  EXPECT_EQ(end_of_window(MeterKind::kDay, time), date(2026, 11, 22));
  EXPECT_EQ(window_number(MeterKind::kMinute, date(2026, 11, 21, 20, 32)), window_number(MeterKind::kMinute, time) + 1);
}

TEST(Calendar, MonthsEndWhereTheCalendarHasIt) {
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2026, 1, 31, 23, 59, 59, 999)), date(2026, 2, 1));
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2026, 2, 28)), date(2026, 3, 1));
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2028, 2, 28)), date(2028, 3, 1));
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2028, 2, 29, 23, 59, 59)), date(2028, 3, 1));
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2100, 2, 28, 12)), date(2100, 3, 1));
  EXPECT_EQ(end_of_window(MeterKind::kMonth, date(2026, 12, 31, 23, 59, 59)), date(2027, 1, 1));
  EXPECT_NE(window_number(MeterKind::kMonth, date(2028, 2, 29)), window_number(MeterKind::kMonth, date(2028, 3, 1)));
}

TEST(Calendar, EachTimeLiesInItsWindow) {
  for (const MeterKind kind : {MeterKind::kMinute, MeterKind::kHour, MeterKind::kDay, MeterKind::kMonth}) {
    for (std::int64_t ms = -5'000'000'000; ms < 4'000'000'000'000; ms += 86'399'977) {
      const std::int64_t number = window_number(kind, {ms});
      ASSERT_LE(window_start(kind, number).value, ms);
      ASSERT_GT(window_start(kind, number + 1).value, ms);
    }
  }
}

}  // namespace
}  // namespace redoubt::limits
