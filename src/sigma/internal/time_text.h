// Times in events: text of RFC 3339, milliseconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sigma/event.h"

namespace redoubt::sigma::internal {

// RFC 3339 §5.6 with its offset. Fractions beyond milliseconds are cut. Leap seconds are the second before.
std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text);
// That, or a number of milliseconds.
std::optional<std::int64_t> time_of(const Value& value);

enum class TimeUnit : std::uint8_t { kMinute, kHour, kDay, kWeek, kMonth, kYear };
struct UnitRange {
  std::int64_t least;
  std::int64_t greatest;
};
UnitRange range_of(TimeUnit unit);

// Sigma 2.1.0, Time Modifiers: a part of a date as it is written, without its offset. Numbers are milliseconds, UTC.
// Nothing when the value is no date, or one without a time of day where that is asked for.
std::optional<std::int64_t> extract(TimeUnit unit, const Value& value);

}  // namespace redoubt::sigma::internal
