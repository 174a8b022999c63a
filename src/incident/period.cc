#include "incident/period.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "incident/internal/names.h"

namespace redoubt::incident {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;

using Moment = sys_time<milliseconds>;

constexpr std::array<std::string_view, 3> kUnits = {"hour", "day", "month"};
constexpr std::array<std::string_view, 2> kCountings = {"eu_1182_71", "calendar"};
constexpr std::uint32_t kWorkingDaysLeast = 2;  // of a term of two days or more: Art. 3(5)

// As a clock on the wall has it.
Moment local(UnixMillis moment, const Calendar& calendar) {
  return Moment(milliseconds(moment.value)) + calendar.utc_offset;
}

UnixMillis utc(Moment local, const Calendar& calendar) {
  return {(local - calendar.utc_offset).time_since_epoch().count()};
}

bool is_working(sys_days day, const Calendar& calendar) {
  const std::chrono::weekday weekday(day);
  return weekday != std::chrono::Saturday && weekday != std::chrono::Sunday && !calendar.holidays.contains(day);
}

// The same date so many months later, or the last day of that month when it has no such date: Art. 3(2)(c).
sys_days months_later(sys_days day, std::uint32_t months) {
  const std::chrono::year_month_day date(day);
  const std::chrono::year_month month = date.year() / date.month() + std::chrono::months(months);
  const std::chrono::year_month_day same = month / date.day();
  return same.ok() ? sys_days(same) : sys_days(month / std::chrono::last);
}

// The last day, with what weekends and holidays add: Art. 3(4) and (5).
sys_days working_end(sys_days event, sys_days last, const Period& period, const Calendar& calendar) {
  std::uint32_t least = 1;
  if (period.unit == PeriodUnit::kMonths || period.count >= 2) least = kWorkingDaysLeast;
  std::uint32_t working = 0;
  for (sys_days day = event + days(1); day <= last && working < least; day += days(1)) {
    working += is_working(day, calendar) ? 1 : 0;
  }
  // Holidays are finitely many, so this ends.
  while (working < least || !is_working(last, calendar)) {
    last += days(1);
    working += is_working(last, calendar) ? 1 : 0;
  }
  return last;
}

}  // namespace

std::optional<Period> parse_period(std::string_view text) {
  Period out;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), out.count);
  if (error != std::errc() || out.count < 1 || out.count > kPeriodMax || text.starts_with('0')) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(stopped - text.data()));
  if (!unit.starts_with(' ')) return std::nullopt;
  unit.remove_prefix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  const auto known = named<PeriodUnit>(kUnits, unit);
  if (!known) return std::nullopt;
  out.unit = *known;
  return out;
}

std::string to_string(const Period& period) {
  std::string out = std::to_string(period.count) + " ";
  out.append(kUnits.at(static_cast<std::size_t>(period.unit)));
  if (period.count != 1) out += 's';
  return out;
}

std::string_view to_string(Counting counting) {
  return kCountings.at(static_cast<std::size_t>(counting));
}

std::optional<Counting> parse_counting(std::string_view text) {
  return named<Counting>(kCountings, text);
}

UnixMillis end_of_period(UnixMillis event, const Period& period, Counting counting, const Calendar& calendar) {
  const bool eu = counting == Counting::kEu;
  const Moment at = local(event, calendar);
  if (period.unit == PeriodUnit::kHours) {
    // Art. 3(1): the hour of the event is not counted, so the first one begins with the next.
    const Moment begin = eu ? Moment(floor<hours>(at) + hours(1)) : at;
    return utc(begin + hours(period.count), calendar);
  }
  const sys_days day = floor<days>(at);
  sys_days last = period.unit == PeriodUnit::kDays ? day + days(period.count) : months_later(day, period.count);
  if (eu) last = working_end(day, last, period, calendar);
  return utc(Moment(last + days(1)), calendar);
}

UnixMillis last_day_of_year(UnixMillis moment, const Calendar& calendar) {
  const std::chrono::year_month_day date(date_of(moment, calendar));
  return utc(Moment(sys_days(date.year() / std::chrono::December / 31)), calendar);
}

std::optional<sys_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  std::array<unsigned, 3> parts{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 3> kPlaces = {{{0, 4}, {5, 2}, {8, 2}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = text.substr(kPlaces[i].first, kPlaces[i].second);
    const auto [stopped, error] = std::from_chars(part.data(), part.data() + part.size(), parts[i]);
    if (error != std::errc() || stopped != part.data() + part.size()) return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(parts[0])), std::chrono::month(parts[1]),
                                         std::chrono::day(parts[2]));
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

std::string to_string(sys_days date) {
  return time_text({Moment(date).time_since_epoch().count()}).substr(0, 10);
}

std::string time_text(UnixMillis moment) {
  const Moment at{milliseconds(moment.value)};
  const sys_days day = floor<days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - Moment(day));
  std::array<char, 64> out{};
  const int written = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                    static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                                    static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string text(out.data(), static_cast<std::size_t>(std::max(written, 0)));
  if (const auto ms = time.subseconds().count(); ms != 0) {
    const int more = std::snprintf(out.data(), out.size(), ".%03d", static_cast<int>(ms));
    text.append(out.data(), static_cast<std::size_t>(std::max(more, 0)));
  }
  return text + "Z";
}

sys_days date_of(UnixMillis moment, const Calendar& calendar) {
  return floor<days>(local(moment, calendar));
}

}  // namespace redoubt::incident
