// The top-level domains of the DNS root zone.
#pragma once

#include <string_view>

namespace redoubt::inspect::internal {

// In any case, without a dot: every country's (two letters that ISO 3166-1 or IANA assigns), those for use by all, and
// the punycode of those in other scripts.
bool is_top_domain(std::string_view name);

}  // namespace redoubt::inspect::internal
