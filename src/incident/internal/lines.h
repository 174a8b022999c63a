// Texts of one line, as bodies of facts have them.
#pragma once

#include <algorithm>
#include <string_view>

#include "encoding/json_writer.h"

namespace redoubt::incident {

// UTF-8 without control characters, of at most `max` bytes.
inline bool is_line(std::string_view text, std::size_t max) {
  const bool one_line = std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
  return text.size() <= max && one_line && encoding::is_utf8(text);
}

}  // namespace redoubt::incident
