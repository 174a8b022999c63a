// The time of a row as files of series write it.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace redoubt::anomaly {

// `2014-04-01 00:05:00`, with a `T` instead of the space, with a fraction of a second and a `Z` behind it or without:
// UTC, as in RFC 3339 §5.6 without other offsets. Or seconds since 1970, whole or with a fraction, from -1e11 to 1e11.
// Fractions are cut to milliseconds. Errors: kMalformed. Any thread.
Result<UnixMillis> parse_series_time(std::string_view text);

}  // namespace redoubt::anomaly
