// `Date` as HTTP writes it (RFC 9110 §5.6.7): what a sealed request says of when it was made.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace redoubt::ohttp {

// IMF-fixdate, whole seconds. Any thread. Precondition: of the years 1970 to 9999.
std::string format_http_date(UnixMillis time);
// That form alone, which is the only one that may be sent; nothing for another, or no such day.
std::optional<UnixMillis> parse_http_date(std::string_view text);

}  // namespace redoubt::ohttp
