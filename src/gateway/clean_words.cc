#include "gateway/clean_words.h"

#include <algorithm>
#include <array>
#include <vector>

namespace redoubt::gateway {
namespace {

using namespace std::string_view_literals;

// OpenAI, "Create chat completion", "The chat completion object" and "The chat completion chunk object", with what
// servers of open models add to them; JSON Schema's words, for tools' parameters and forms of answers.
constexpr std::array kWords{
    // requests
    "model"sv, "messages"sv, "role"sv, "content"sv, "name"sv, "temperature"sv, "top_p"sv, "top_k"sv, "min_p"sv, "n"sv,
    "stream"sv, "stream_options"sv, "include_usage"sv, "stop"sv, "max_tokens"sv, "max_completion_tokens"sv,
    "presence_penalty"sv, "frequency_penalty"sv, "repetition_penalty"sv, "logit_bias"sv, "logprobs"sv, "top_logprobs"sv,
    "user"sv, "seed"sv, "tools"sv, "tool_choice"sv, "tool_calls"sv, "tool_call_id"sv, "parallel_tool_calls"sv,
    "function"sv, "functions"sv, "function_call"sv, "arguments"sv, "parameters"sv, "description"sv, "response_format"sv,
    "json_schema"sv, "json_object"sv, "schema"sv, "strict"sv, "text"sv, "image_url"sv, "url"sv, "detail"sv,
    "input_audio"sv, "data"sv, "format"sv, "modalities"sv, "metadata"sv, "store"sv, "service_tier"sv,
    "reasoning_effort"sv, "verbosity"sv, "prediction"sv, "safety_identifier"sv, "prompt_cache_key"sv,
    // answers
    "id"sv, "object"sv, "created"sv, "choices"sv, "index"sv, "message"sv, "delta"sv, "finish_reason"sv, "stop_reason"sv,
    "usage"sv, "prompt_tokens"sv, "completion_tokens"sv, "total_tokens"sv, "prompt_tokens_details"sv,
    "completion_tokens_details"sv, "cached_tokens"sv, "audio_tokens"sv, "reasoning_tokens"sv,
    "accepted_prediction_tokens"sv, "rejected_prediction_tokens"sv, "prompt_logprobs"sv, "system_fingerprint"sv,
    "refusal"sv, "annotations"sv, "audio"sv, "reasoning"sv, "reasoning_content"sv, "token"sv, "bytes"sv, "error"sv,
    "type"sv, "param"sv, "code"sv,
    // values
    "system"sv, "developer"sv, "assistant"sv, "tool"sv, "auto"sv, "none"sv, "required"sv, "default"sv, "low"sv,
    "medium"sv, "high"sv, "length"sv, "content_filter"sv, "list"sv, "chat.completion"sv, "chat.completion.chunk"sv,
    // schemas
    "properties"sv, "items"sv, "enum"sv, "const"sv, "anyOf"sv, "oneOf"sv, "allOf"sv, "additionalProperties"sv,
    "title"sv, "minimum"sv, "maximum"sv, "string"sv, "number"sv, "integer"sv, "boolean"sv, "array"sv, "null"sv,
    // nothing at all
    ""sv};

static_assert(std::ranges::all_of(kWords, [](std::string_view word) { return word.size() <= CleanWords::kMaxBytes; }));

}  // namespace

std::span<const std::string_view> CleanWords::of_the_apis() {
  return kWords;
}

const CleanWords& CleanWords::of(const std::shared_ptr<const inspect::Rules>& rules, inspect::Scanner& scanner) {
  thread_local std::shared_ptr<const inspect::Rules> of_rules;
  thread_local CleanWords words;
  if (of_rules != rules) {
    words = CleanWords(scanner);
    of_rules = rules;
  }
  return words;
}

CleanWords::CleanWords(inspect::Scanner& scanner) {
  std::vector<inspect::Match> matches;
  for (const std::string_view word : kWords) {
    matches.clear();
    if (scanner.scan(word, matches) && matches.empty()) words_.insert(word);
  }
}

}  // namespace redoubt::gateway
