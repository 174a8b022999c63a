// Text that may look like other text (UTS 39).
//
// Pure functions; any thread. Text that is not UTF-8 is looked at as far as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace redoubt::policy::internal {

// Why a string literal may not be what it looks like: it changes the direction of writing, or mixes scripts.
std::optional<std::string> confusable_string(std::string_view text);
// The same for what names something; besides, it has characters that identifiers should not have.
std::optional<std::string> confusable_identifier(std::string_view text);

}  // namespace redoubt::policy::internal
