// Terms as laws count them: so many hours, days or months from an event, and the moment when they are over.
//
// Two ways to count (docs/regulatory-clocks.md):
//
//   eu_1182_71  Regulation (EEC, Euratom) No 1182/71, Art. 3. The hour or day of the event is not counted. A term in
//               hours runs through weekends. One in days or months ends with the last hour of its last day; when that
//               is a Saturday, a Sunday or a holiday, with that of the next working day. One of two days or more has
//               two working days at least.
//   calendar    hours from the very moment; days after that of the event, whichever they are, to the end of the last.
//
// Values: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace redoubt::incident {

enum class PeriodUnit : std::uint8_t { kHours, kDays, kMonths };

struct Period {
  std::uint32_t count = 0;  // 1 to kPeriodMax
  PeriodUnit unit = PeriodUnit::kHours;
  friend bool operator==(const Period&, const Period&) = default;
};
inline constexpr std::uint32_t kPeriodMax = 10'000;

// `72 hours`, `1 day`, `2 months`; nothing for another form.
std::optional<Period> parse_period(std::string_view text);
std::string to_string(const Period& period);

enum class Counting : std::uint8_t { kEu, kCalendar };
std::string_view to_string(Counting counting);  // `eu_1182_71`, `calendar`
std::optional<Counting> parse_counting(std::string_view text);

struct Calendar {
  std::chrono::minutes utc_offset{0};             // where days begin, all the year
  std::set<std::chrono::sys_days> holidays = {};  // beside Saturdays and Sundays
};

// The moment at which a term that `event` begins is over: the first that is too late. Years 1970 to 9000.
UnixMillis end_of_period(UnixMillis event, const Period& period, Counting counting, const Calendar& calendar);
// Some moment of the last day of the year in which it is: what a term begins with that runs from a year's end.
UnixMillis last_day_of_year(UnixMillis moment, const Calendar& calendar);

// `2026-01-31`; nothing for another form, and for a day that there is not.
std::optional<std::chrono::sys_days> parse_date(std::string_view text);
std::string to_string(std::chrono::sys_days date);
// RFC 3339 in UTC, with milliseconds when there are some: `2026-01-31T12:00:00Z`.
std::string time_text(UnixMillis moment);
std::chrono::sys_days date_of(UnixMillis moment, const Calendar& calendar);

}  // namespace redoubt::incident
