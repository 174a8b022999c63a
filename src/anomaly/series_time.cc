#include "anomaly/series_time.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

namespace redoubt::anomaly {
namespace {

// Digits only, all of them.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t length) {
  int out = 0;
  for (std::size_t i = at; i < at + length; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    out = 10 * out + (text[i] - '0');
  }
  return out;
}

// `.` and digits, or nothing; in milliseconds.
std::optional<int> fraction_ms(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != '.' || text.size() < 2) return std::nullopt;
  int out = 0;
  int unit = 100;
  for (std::size_t i = 1; i < text.size(); ++i, unit /= 10) {
    const auto digit = digits(text, i, 1);
    if (!digit) return std::nullopt;
    out += unit * *digit;
  }
  return out;
}

std::optional<UnixMillis> date_and_time(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  if (text.size() < kShape.size()) return std::nullopt;
  for (const std::size_t at : {4U, 7U, 10U, 13U, 16U}) {
    if (text[at] != kShape[at] && !(at == 10 && text[at] == 'T')) return std::nullopt;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap second
  std::string_view rest = text.substr(kShape.size());
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  const auto fraction = fraction_ms(rest);
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!fraction || !date.ok()) return std::nullopt;
  const auto at = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + milliseconds(*fraction);
  return UnixMillis{duration_cast<milliseconds>(at.time_since_epoch()).count()};
}

}  // namespace

Result<UnixMillis> parse_series_time(std::string_view text) {
  if (const auto time = date_and_time(text)) return *time;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(std::abs(seconds) <= 1e11)) {
    return Error(Errc::kMalformed, "not a time of the form `2014-04-01 00:05:00` or in seconds");
  }
  return UnixMillis{static_cast<std::int64_t>(std::trunc(seconds * 1000))};
}

}  // namespace redoubt::anomaly
