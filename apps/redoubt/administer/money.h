// Amounts of money as people write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace redoubt::app {

// `12`, `12.5`, `0.000001`: in millionths of the currency's unit. At most six digits behind the point, and no more than
// limits::kAmountMax. kInvalidArgument.
Result<std::uint64_t> parse_money(std::string_view text);

}  // namespace redoubt::app
