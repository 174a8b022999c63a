#include "gateway/clean_words.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
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
static_assert(kWords.size() < 256);  // as CleanWords::at_ counts them

template <class T>
std::uint64_t load(const char* from) {
  T out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

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
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    matches.clear();
    if (!scanner.scan(kWords[i], matches) || !matches.empty()) continue;
    std::size_t place = place_of(kWords[i]);
    while (at_[place] != 0) place = (place + 1) % kPlaces;
    at_[place] = static_cast<std::uint8_t>(i + 1);
  }
}

bool CleanWords::contains(std::string_view text) const {
  if (text.size() > kMaxBytes) return false;
  for (std::size_t place = place_of(text); at_[place] != 0; place = (place + 1) % kPlaces) {
    if (kWords[at_[place] - 1] == text) return true;
  }
  return false;
}

// By the first and the last bytes and how many there are. Whoever picks texts that collide has them compared with a few
// words more: the table does not grow.
std::size_t CleanWords::place_of(std::string_view text) {
  const char* const begin = text.data();
  const std::size_t size = text.size();
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (size >= 8) {
    first = load<std::uint64_t>(begin);
    last = load<std::uint64_t>(begin + size - 8);
  } else if (size >= 4) {
    first = load<std::uint32_t>(begin);
    last = load<std::uint32_t>(begin + size - 4);
  } else if (size > 0) {
    first = load<std::uint8_t>(begin) | load<std::uint8_t>(begin + size / 2) << 8;
    last = load<std::uint8_t>(begin + size - 1);
  }
  const std::uint64_t mixed = (first ^ std::rotl(last, 5) ^ size) * 0x9e37'79b9'7f4a'7c15;  // 2^64 by the golden ratio
  return mixed >> 55;
}

}  // namespace redoubt::gateway
