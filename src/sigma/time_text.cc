#include "sigma/internal/time_text.h"

#include <chrono>
#include <cmath>

namespace redoubt::sigma::internal {
namespace {

namespace chrono = std::chrono;

struct Civil {
  chrono::year_month_day date;
  bool has_time = false;
  int hour = 0;
  int minute = 0;
};

class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}
  std::optional<int> number(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<chrono::year_month_day> read_date(Digits& in) {
  const auto year = in.number(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.number(2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*year), chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

bool take_separator(Digits& in) {
  return in.take('T') || in.take('t') || in.take(' ');
}

std::optional<Civil> read_civil(std::string_view text) {
  Digits in(text);
  const auto date = read_date(in);
  if (!date) return std::nullopt;
  Civil out{*date};
  if (in.done()) return out;
  if (!take_separator(in)) return std::nullopt;
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  out.has_time = true;
  out.hour = *hour;
  out.minute = *minute;
  return out;
}

// Of a number that an int64 of milliseconds of the years 0 to 9999 holds.
std::optional<std::int64_t> whole(double number) {
  if (!(std::abs(number) < 3e14) || number != std::floor(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Civil civil_of(std::int64_t time_ms) {
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(time_ms)};
  const auto day = chrono::floor<chrono::days>(time);
  const auto minutes = chrono::floor<chrono::minutes>(time - day).count();
  return {chrono::year_month_day(day), true, static_cast<int>(minutes / 60), static_cast<int>(minutes % 60)};
}

// ISO 8601 §2.2.10: the week of the year that has the week's Thursday.
std::int64_t iso_week(const chrono::year_month_day& date) {
  const chrono::sys_days day = date;
  const auto thursday = day - (chrono::weekday(day) - chrono::Monday) + chrono::days(3);
  const chrono::year year = chrono::year_month_day(thursday).year();
  return (thursday - chrono::sys_days(year / chrono::January / 1)).count() / 7 + 1;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text) {
  Digits in(text);
  const auto date = read_date(in);
  if (!date || !take_separator(in)) return std::nullopt;
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59 || !in.take(':')) return std::nullopt;
  const auto second = in.number(2);
  if (!second || *second > 60) return std::nullopt;
  std::int64_t milliseconds = 0;
  if (in.take('.')) {
    int weight = 100;
    int digits = 0;
    while (const auto digit = in.number(1)) {
      milliseconds += weight * *digit;
      weight /= 10;
      ++digits;
    }
    if (digits == 0) return std::nullopt;
  }
  std::int64_t offset_minutes = 0;
  if (!in.take('Z') && !in.take('z')) {
    const char sign = in.peek();
    if (sign != '+' && sign != '-') return std::nullopt;
    in.take(sign);
    const auto hours = in.number(2);
    if (!hours || *hours > 23 || !in.take(':')) return std::nullopt;
    const auto minutes = in.number(2);
    if (!minutes || *minutes > 59) return std::nullopt;
    offset_minutes = (*hours * 60 + *minutes) * (sign == '-' ? -1 : 1);
  }
  if (!in.done()) return std::nullopt;
  const std::int64_t days = chrono::sys_days(*date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + *hour * 3600 + *minute * 60 + (*second == 60 ? 59 : *second);
  return (seconds - offset_minutes * 60) * 1000 + milliseconds;
}

std::optional<std::int64_t> time_of(const Value& value) {
  if (value.kind == Value::Kind::kNumber) return whole(std::floor(value.number));
  if (value.kind == Value::Kind::kText) return parse_rfc3339_ms(value.text);
  return std::nullopt;
}

UnitRange range_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMinute:
      return {0, 59};
    case TimeUnit::kHour:
      return {0, 23};
    case TimeUnit::kDay:
      return {1, 31};
    case TimeUnit::kWeek:
      return {1, 53};
    case TimeUnit::kMonth:
      return {1, 12};
    case TimeUnit::kYear:
      return {0, 9999};
  }
  return {0, 0};
}

std::optional<std::int64_t> extract(TimeUnit unit, const Value& value) {
  std::optional<Civil> civil;
  if (value.kind == Value::Kind::kText) {
    civil = read_civil(value.text);
  } else if (value.kind == Value::Kind::kNumber) {
    if (const auto time_ms = whole(std::floor(value.number))) civil = civil_of(*time_ms);
  }
  if (!civil) return std::nullopt;
  switch (unit) {
    case TimeUnit::kMinute:
      return civil->has_time ? std::optional<std::int64_t>(civil->minute) : std::nullopt;
    case TimeUnit::kHour:
      return civil->has_time ? std::optional<std::int64_t>(civil->hour) : std::nullopt;
    case TimeUnit::kDay:
      return static_cast<unsigned>(civil->date.day());
    case TimeUnit::kWeek:
      return iso_week(civil->date);
    case TimeUnit::kMonth:
      return static_cast<unsigned>(civil->date.month());
    case TimeUnit::kYear:
      return static_cast<int>(civil->date.year());
  }
  return std::nullopt;
}

}  // namespace redoubt::sigma::internal
