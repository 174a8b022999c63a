#include "base/timestamp.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace redoubt {
namespace {

constexpr std::int64_t kLast = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

// Decimal digits alone; -1 for anything else.
int digits(std::string_view text) {
  int out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    out = out * 10 + (c - '0');
  }
  return text.empty() ? -1 : out;
}

}  // namespace

std::optional<UnixMillis> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() < kForm.size() + 1 || text.size() > kForm.size() + 5 || !text.ends_with('Z')) return std::nullopt;
  for (const std::size_t i : {4U, 7U, 10U, 13U, 16U}) {
    if (text[i] != kForm[i]) return std::nullopt;
  }
  const int y = digits(text.substr(0, 4));
  const int m = digits(text.substr(5, 2));
  const int d = digits(text.substr(8, 2));
  const int hour = digits(text.substr(11, 2));
  const int minute = digits(text.substr(14, 2));
  const int second = digits(text.substr(17, 2));
  if (y < 1970 || m < 0 || d < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;

  int fraction = 0;
  if (std::string_view rest = text.substr(kForm.size(), text.size() - kForm.size() - 1); !rest.empty()) {
    if (rest.front() != '.') return std::nullopt;
    rest.remove_prefix(1);
    fraction = digits(rest);
    if (fraction < 0) return std::nullopt;
    for (std::size_t i = rest.size(); i < 3; ++i) fraction *= 10;
  }
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(fraction);
  return UnixMillis{duration_cast<milliseconds>(time.time_since_epoch()).count()};
}

std::string format_timestamp(UnixMillis time) {
  using namespace std::chrono;
  const milliseconds since(std::clamp<std::int64_t>(time.value, 0, kLast));
  const auto whole_days = floor<days>(since);
  const year_month_day date{sys_days(whole_days)};
  const hh_mm_ss clock(since - whole_days);
  char out[32];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return out;
}

}  // namespace redoubt
