#include "incident/period.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt::incident::test {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;

// `2026-03-06T10:20:00Z` or `2026-03-06`.
UnixMillis at(std::string_view text) {
  const auto day = parse_date(text.substr(0, 10));
  EXPECT_TRUE(day) << text;
  std::int64_t ms = std::chrono::duration_cast<milliseconds>(day->time_since_epoch()).count();
  if (text.size() > 10) {
    ms += (std::stoll(std::string(text.substr(11, 2))) * 60 + std::stoll(std::string(text.substr(14, 2)))) * 60'000;
    ms += std::stoll(std::string(text.substr(17, 2))) * 1000;
  }
  return {ms};
}

std::string end(std::string_view event, std::string_view period, Counting counting, const Calendar& calendar = {}) {
  return time_text(end_of_period(at(event), *parse_period(period), counting, calendar));
}

TEST(Period, IsReadInOneForm) {
  EXPECT_EQ(parse_period("72 hours"), (Period{72, PeriodUnit::kHours}));
  EXPECT_EQ(parse_period("1 month"), (Period{1, PeriodUnit::kMonths}));
  EXPECT_EQ(to_string(*parse_period("2 days")), "2 days");
  EXPECT_EQ(to_string(*parse_period("1 hours")), "1 hour");
  for (const char* const wrong : {"", "72", "72hours", "0 days", "01 days", "-1 days", "10001 days", "3 weeks",
                                  "1  day", "1 days ", "99999999999999 days", "1 dayss"}) {
    EXPECT_FALSE(parse_period(wrong)) << wrong;
  }
}

TEST(Period, DatesAreThoseThatThereAre) {
  EXPECT_TRUE(parse_date("2028-02-29"));
  for (const char* const wrong : {"2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-4-30",
                                  "26-04-30", "2026/04/30", "2026-04-3x", "2026-04-30T"}) {
    EXPECT_FALSE(parse_date(wrong)) << wrong;
  }
  EXPECT_EQ(to_string(*parse_date("2028-02-29")), "2028-02-29");
  EXPECT_EQ(time_text({at("2026-03-06T10:20:05Z").value + 7}), "2026-03-06T10:20:05.007Z");
}

// Regulation 1182/71, Art. 3(1) and 3(2)(a): the hour of the event is not counted; weekends are.
TEST(Period, OfTheUnionInHoursBeginsWithTheNextHour) {
  EXPECT_EQ(end("2026-03-06T10:20:00Z", "72 hours", Counting::kEu), "2026-03-09T11:00:00Z");
  EXPECT_EQ(end("2026-03-06T10:00:00Z", "72 hours", Counting::kEu), "2026-03-09T11:00:00Z");
  EXPECT_EQ(end("2026-03-06T10:59:59Z", "4 hours", Counting::kEu), "2026-03-06T15:00:00Z");
  EXPECT_EQ(end("2028-02-28T23:30:00Z", "24 hours", Counting::kEu), "2028-03-01T00:00:00Z");
  const Calendar india{.utc_offset = std::chrono::minutes(330)};
  EXPECT_EQ(end("2026-03-06T10:20:00Z", "1 hour", Counting::kEu, india), "2026-03-06T11:30:00Z");
}

// Art. 3(4) and (5).
TEST(Period, OfTheUnionInDaysEndsOnAWorkingDayAndHasTwo) {
  EXPECT_EQ(end("2026-03-04T09:00:00Z", "2 days", Counting::kEu), "2026-03-07T00:00:00Z") << "Wednesday";
  EXPECT_EQ(end("2026-03-05T09:00:00Z", "2 days", Counting::kEu), "2026-03-10T00:00:00Z") << "Thursday";
  EXPECT_EQ(end("2026-03-06T09:00:00Z", "2 days", Counting::kEu), "2026-03-11T00:00:00Z") << "Friday";
  EXPECT_EQ(end("2026-03-06T09:00:00Z", "1 day", Counting::kEu), "2026-03-10T00:00:00Z");
  EXPECT_EQ(end("2026-02-13T09:00:00Z", "15 days", Counting::kEu), "2026-03-03T00:00:00Z") << "the 28th is a Saturday";
  EXPECT_EQ(end("2028-02-19T09:00:00Z", "10 days", Counting::kEu), "2028-03-01T00:00:00Z") << "the 29th of a leap year";
  const Calendar christmas{.holidays = {*parse_date("2026-12-25"), *parse_date("2026-12-28")}};
  EXPECT_EQ(end("2026-12-15T09:00:00Z", "10 days", Counting::kEu, christmas), "2026-12-30T00:00:00Z");
}

// Art. 3(2)(c).
TEST(Period, InMonthsEndsOnTheSameDateOrTheLastOfTheMonth) {
  EXPECT_EQ(end("2026-01-15T09:00:00Z", "1 month", Counting::kCalendar), "2026-02-16T00:00:00Z");
  EXPECT_EQ(end("2026-01-31T09:00:00Z", "1 month", Counting::kCalendar), "2026-03-01T00:00:00Z");
  EXPECT_EQ(end("2028-01-31T09:00:00Z", "1 month", Counting::kCalendar), "2028-03-01T00:00:00Z");
  EXPECT_EQ(end("2028-01-31T09:00:00Z", "1 month", Counting::kEu), "2028-03-01T00:00:00Z");
  EXPECT_EQ(end("2026-01-31T09:00:00Z", "1 month", Counting::kEu), "2026-03-03T00:00:00Z") << "from Saturday to Monday";
  EXPECT_EQ(end("2026-12-15T09:00:00Z", "1 month", Counting::kEu), "2027-01-16T00:00:00Z");
}

TEST(Period, OfTheCalendarCountsEachDay) {
  EXPECT_EQ(end("2026-01-01T09:00:00Z", "60 days", Counting::kCalendar), "2026-03-03T00:00:00Z");
  EXPECT_EQ(end("2028-01-01T09:00:00Z", "60 days", Counting::kCalendar), "2028-03-02T00:00:00Z");
  EXPECT_EQ(end("2026-03-06T10:20:30Z", "72 hours", Counting::kCalendar), "2026-03-09T10:20:30Z");
  const Calendar paris{.utc_offset = std::chrono::minutes(60)};
  EXPECT_EQ(end("2026-03-05T23:30:00Z", "1 day", Counting::kCalendar, paris), "2026-03-07T23:00:00Z");
  EXPECT_EQ(end("2026-03-05T22:30:00Z", "1 day", Counting::kCalendar, paris), "2026-03-06T23:00:00Z");
}

TEST(Period, OfAYearBeginsWithItsLastDay) {
  const auto from_year = [](std::string_view event) {
    return time_text(end_of_period(last_day_of_year(at(event), {}), *parse_period("60 days"), Counting::kCalendar, {}));
  };
  EXPECT_EQ(from_year("2026-06-30"), "2027-03-02T00:00:00Z");
  EXPECT_EQ(from_year("2027-06-30"), "2028-03-01T00:00:00Z") << "the 60th day is the 29th of February";
  const Calendar east{.utc_offset = std::chrono::minutes(120)};
  EXPECT_EQ(time_text(last_day_of_year(at("2026-12-31T22:30:00Z"), east)), "2027-12-30T22:00:00Z");
}

// Against a count that looks at each day alone.
TEST(Period, OfTheUnionInDaysIsWhatCountingDayByDayGives) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    Calendar calendar;
    const sys_days first = *parse_date("2024-01-01") + days(random() % 3000);
    for (int i = 0; i < 6; ++i) calendar.holidays.insert(first + days(random() % 30));
    const UnixMillis event{std::chrono::duration_cast<milliseconds>(first.time_since_epoch()).count() +
                           static_cast<std::int64_t>(random() % 86'400'000)};
    const Period period{static_cast<std::uint32_t>(1 + random() % 20), PeriodUnit::kDays};
    sys_days day = first;
    std::uint32_t counted = 0;
    std::uint32_t working = 0;
    bool works = false;
    while (counted < period.count || !works || (period.count >= 2 && working < 2)) {
      day += days(1);
      ++counted;
      const unsigned weekday = std::chrono::weekday(day).iso_encoding();
      works = weekday < 6 && !calendar.holidays.contains(day);
      working += works ? 1 : 0;
    }
    EXPECT_EQ(date_of(end_of_period(event, period, Counting::kEu, calendar), calendar), day + days(1));
  }
}

}  // namespace
}  // namespace redoubt::incident::test
