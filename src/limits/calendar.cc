#include <chrono>

#include "base/check.h"
#include "limits/internal/calendar.h"

namespace redoubt::limits {

namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_time;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

std::int64_t window_number(MeterKind kind, UnixMillis time) {
  switch (kind) {
    case MeterKind::kMinute:
      return floor_div(time.value, kMinuteMs);
    case MeterKind::kHour:
      return floor_div(time.value, kHourMs);
    case MeterKind::kDay:
      return floor_div(time.value, kDayMs);
    case MeterKind::kMonth: {
      const std::chrono::year_month_day date(
          std::chrono::floor<days>(sys_time<milliseconds>(milliseconds(time.value))));
      return (int{date.year()} - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
    }
    case MeterKind::kBucket:
      break;
  }
  REDOUBT_CHECK(!"a bucket has no window");
  return 0;
}

UnixMillis window_start(MeterKind kind, std::int64_t number) {
  switch (kind) {
    case MeterKind::kMinute:
      return {number * kMinuteMs};
    case MeterKind::kHour:
      return {number * kHourMs};
    case MeterKind::kDay:
      return {number * kDayMs};
    case MeterKind::kMonth: {
      const std::int64_t year = 1970 + floor_div(number, 12);
      const auto month = static_cast<unsigned>(number - floor_div(number, 12) * 12) + 1;
      const std::chrono::sys_days first = std::chrono::year(static_cast<int>(year)) / std::chrono::month(month) / 1;
      return {std::chrono::duration_cast<milliseconds>(first.time_since_epoch()).count()};
    }
    case MeterKind::kBucket:
      break;
  }
  REDOUBT_CHECK(!"a bucket has no window");
  return {};
}

}  // namespace redoubt::limits
