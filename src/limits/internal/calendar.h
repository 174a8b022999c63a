// The windows of the calendar, numbered from 1970-01-01T00:00:00Z on, in UTC.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "limits/internal/rule.h"

namespace redoubt::limits {

// Precondition of both: kind is not kBucket.
std::int64_t window_number(MeterKind kind, UnixMillis time);
UnixMillis window_start(MeterKind kind, std::int64_t number);

}  // namespace redoubt::limits
