// Times as callers write and read them: RFC 3339 §5.6 in UTC, `2026-01-31T12:00:00Z`, with at most three digits of a
// second's fraction. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace redoubt {

// Nothing for another form, a date that the calendar does not have, a leap second, or a year before 1970.
std::optional<UnixMillis> parse_timestamp(std::string_view text);
// Always with milliseconds: `2026-01-31T12:00:00.000Z`. Times outside the years 1970 to 9999 as the nearest one in
// them.
std::string format_timestamp(UnixMillis time);

}  // namespace redoubt
