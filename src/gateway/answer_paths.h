// Where texts stand in an answer of the chat API, by JSON Pointer (RFC 6901), whole or in an event of a streamed one.
//
// Functions; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "encoding/json_texts.h"
#include "gateway/placeholders.h"

namespace redoubt::gateway {

// `/choices/3` of what is in a choice; empty for what is in none.
std::string_view choice_of(std::string_view path);

// Whether the value there is what a model says to the caller: of a choice's `message`, `delta` or `text`, but for what
// it says to tools.
bool is_answer_text(std::string_view path);

// Whether it is what a model tells a tool: the JSON of a call's arguments.
bool is_tool_argument(std::string_view path);

// Whether values are put back there for their placeholders, and how.
bool is_restored(std::string_view path, const RestorePermits& permits);
Restorer::Form restored_form(std::string_view path);

// Sorts what is to be replaced, and has the `logprobs` of these choices, in which something is taken out, replaced by
// `null`: the tokens in them tell it, too.
void drop_tokens(std::string_view json, const std::vector<std::string_view>& choices,
                 std::vector<encoding::JsonReplacement>& replacements);

}  // namespace redoubt::gateway
