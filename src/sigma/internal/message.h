// Words for messages.
#pragma once

#include <string>
#include <string_view>

namespace redoubt::sigma::internal {

inline std::string in_backticks(std::string_view text) {
  return "`" + std::string(text) + "`";
}

}  // namespace redoubt::sigma::internal
