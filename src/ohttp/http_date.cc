#include "ohttp/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace redoubt::ohttp {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Digits alone.
std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return out;
}

}  // namespace

std::string format_http_date(UnixMillis time) {
  using namespace std::chrono;
  const sys_seconds at{floor<seconds>(milliseconds(time.value))};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  std::array<char, 64> out{};
  const int size = std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                 kDays[weekday{day}.c_encoding()].data(), static_cast<unsigned>(date.day()),
                                 kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

std::optional<UnixMillis> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != 29) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto year_number = number(text.substr(12, 4));
  const auto hours_number = number(text.substr(17, 2));
  const auto minutes_number = number(text.substr(20, 2));
  const auto seconds_number = number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year_number || !hours_number || !minutes_number || !seconds_number) {
    return std::nullopt;
  }
  const year_month_day date{year{*year_number}, std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year_number < 1970 || *hours_number > 23 || *minutes_number > 59 || *seconds_number > 59) {
    return std::nullopt;
  }
  const sys_seconds at = sys_days{date} + hours(*hours_number) + minutes(*minutes_number) + seconds(*seconds_number);
  const UnixMillis out{duration_cast<milliseconds>(at.time_since_epoch()).count()};
  // The separators and the day of the week are as they must be.
  return format_http_date(out) == text ? std::optional(out) : std::nullopt;
}

}  // namespace redoubt::ohttp
