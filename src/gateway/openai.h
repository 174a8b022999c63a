// The OpenAI API as far as the gateway must understand it: which model, streamed or not, what was used, how errors
// look.
//
// Everything else in a request or reply passes through untouched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "gateway/text_places.h"
#include "gateway/tool_results.h"

namespace redoubt::gateway {

struct ChatRequest {
  std::string model;  // 1 to 256 bytes
  bool stream = false;
  // How many tokens it asks for at most: of `max_completion_tokens` and `max_tokens` the larger, for each of `n`
  // answers. 0: it does not say.
  std::uint64_t max_output_tokens = 0;
  bool brings_tools = false;        // `tools`, or the older `functions`
  std::string response_format;      // as JSON, where it asks for an answer in JSON; empty: it does not
  std::vector<Where> roles;         // of `messages`, in their order
  std::vector<ToolRows> tool_rows;  // of what tools gave since the assistant's last message
};

// kMalformed with a message for the caller when the body is not a chat request: not strict JSON, no object, `model`
// missing, not a string, too long or with a control character, `stream` not a boolean, `messages` not an array. What it
// asks for at most counts as not said where it is no number above 0: what that means is the model server's business.
// kTooLarge above the reader's limits.
Result<ChatRequest> parse_chat_request(encoding::JsonReader& reader, std::string_view body);

struct TokenUsage {
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
  std::optional<std::uint64_t> total_tokens;
  std::uint64_t text_bytes = 0;  // of the strings in `message` and `delta` of its `choices`
};

// What a reply, or an event of a streamed one, says of its use: its `usage`, of which nothing is set where it says
// nothing, and how much text it brings. kMalformed when the body is not a JSON object.
Result<TokenUsage> parse_usage(encoding::JsonReader& reader, std::string_view body);

// {"error":{"message":…,"type":…,"param":null,"code":…}}
std::string error_body(std::string_view message, std::string_view type, std::string_view code);

}  // namespace redoubt::gateway
