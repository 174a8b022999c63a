// Rows of what tools gave, from a chat request: a conversation comes whole each time, so only what is new in it counts,
// the results behind the last message of the assistant.
//
// Functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "gateway/text_places.h"

namespace redoubt::gateway {

struct ToolRows {
  std::string tool;        // as the caller names it, at most kToolNameSizeMax bytes and one more; may be kUnknownTool
  std::uint64_t rows = 0;  // of all its new results
};

// Of a result that answers no call of the last message of the assistant, and has no `name` of its own.
inline constexpr std::string_view kUnknownTool = "unknown";
// Tools, in the order of coming; further ones are left out: one more than a record has, so that it says so.
inline constexpr std::size_t kToolRowsMax = record::kNamesMax + 1;

// `roles`: of the messages, as many. A result is a message of the role `tool`, or `function`: its text (`content`), or
// the texts of its parts with a line break between them. Its tool is the function of the call that its `tool_call_id`
// names. Results without rows (row_count.h) are left out.
std::vector<ToolRows> new_tool_rows(const simdjson::dom::array& messages, std::span<const Where> roles);

}  // namespace redoubt::gateway
