// The user's own text within a message.
#pragma once

#include <string>
#include <string_view>

namespace redoubt::policy {

// In backticks, on one line, control characters escaped, cut where it is longer than a line bears.
std::string excerpt(std::string_view text);

}  // namespace redoubt::policy
