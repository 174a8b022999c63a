#include <chrono>
#include <cstdio>

#include "policy/internal/arithmetic.h"
#include "policy/internal/extension_types.h"

namespace redoubt::policy::internal {
namespace {

// Takes what the forms of RFC 80 consist of off the front of a text: digits in fixed number, and characters.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits; nothing is taken when they are not there.
  bool take_number(std::size_t count, int& out) {
    if (text_.size() < count) return false;
    int number = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      number = number * 10 + (c - '0');
    }
    out = number;
    text_.remove_prefix(count);
    return true;
  }

 private:
  std::string_view text_;
};

constexpr std::int64_t kMsPerMinute = 60'000;
constexpr std::int64_t kMsPerHour = 3'600'000;

constexpr std::int64_t midnight_ms(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count() * kMsPerDay;
}

}  // namespace

Read<std::int64_t> parse_datetime(std::string_view text) {
  Scanner scanner(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!scanner.take_number(4, year) || !scanner.take('-') || !scanner.take_number(2, month) || !scanner.take('-') ||
      !scanner.take_number(2, day)) {
    return tl::unexpected<std::string_view>("it must start with YYYY-MM-DD");
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return tl::unexpected<std::string_view>("there is no such date");
  if (scanner.done()) return midnight_ms(date);

  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!scanner.take('T') || !scanner.take_number(2, hour) || !scanner.take(':') || !scanner.take_number(2, minute) ||
      !scanner.take(':') || !scanner.take_number(2, second)) {
    return tl::unexpected<std::string_view>("Thh:mm:ss must follow the date, or nothing");
  }
  if (hour > 23 || minute > 59 || second > 59) {  // no leap seconds
    return tl::unexpected<std::string_view>("there is no such time of day");
  }

  int ms = 0;
  constexpr std::string_view kBadEnd = "it must end with Z, +hhmm or -hhmm, perhaps after .SSS";
  if (scanner.take('.') && !scanner.take_number(3, ms)) return tl::unexpected(kBadEnd);
  int offset_hours = 0;
  int offset_minutes = 0;
  int sign = 0;
  if (!scanner.take('Z')) {
    sign = scanner.take('+') ? 1 : scanner.take('-') ? -1 : 0;
    if (sign == 0 || !scanner.take_number(2, offset_hours) || !scanner.take_number(2, offset_minutes)) {
      return tl::unexpected(kBadEnd);
    }
  }
  if (!scanner.done()) return tl::unexpected(kBadEnd);
  if (offset_hours > 23 || offset_minutes > 59) {
    return tl::unexpected<std::string_view>("an offset is at most 23 hours and 59 minutes");
  }
  // Four digits of year: nothing here comes near the ends of 64 bits.
  return midnight_ms(date) + hour * kMsPerHour + minute * kMsPerMinute + second * 1000 + ms -
         sign * (offset_hours * kMsPerHour + offset_minutes * kMsPerMinute);
}

std::optional<std::string> print_datetime(std::int64_t ms) {
  using std::chrono::year;
  constexpr std::int64_t first = midnight_ms(year(0) / 1 / 1);
  constexpr std::int64_t end = midnight_ms(year(10'000) / 1 / 1);
  if (ms < first || ms >= end) return std::nullopt;
  const std::int64_t time = time_of(ms);
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::days((ms - time) / kMsPerDay)));  // no remainder, so no rounding
  std::array<char, 48> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(time / kMsPerHour),
      static_cast<int>(time / kMsPerMinute % 60), static_cast<int>(time / 1000 % 60), static_cast<int>(time % 1000));
  return std::string(out.data(), static_cast<std::size_t>(size));
}

std::optional<std::int64_t> date_of(std::int64_t ms) {
  return checked_subtract(ms, time_of(ms));
}

std::int64_t time_of(std::int64_t ms) {
  const std::int64_t rest = ms % kMsPerDay;
  return rest < 0 ? rest + kMsPerDay : rest;
}

}  // namespace redoubt::policy::internal
