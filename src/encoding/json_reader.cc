#include "encoding/json_reader.h"

#include <string.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

using simdjson::error_code;

// Below this many members comparing all pairs is cheaper than sorting.
constexpr std::size_t kPairwiseMembers = 16;

// Of ours; simdjson has no such error of its own in this place.
constexpr error_code kDuplicateKey = simdjson::INCORRECT_TYPE;

// simdjson's own words are not repeated: they name its internals.
Error parse_error(error_code code) {
  switch (code) {
    case simdjson::CAPACITY:
      return Error(Errc::kTooLarge, "json is larger than the limit");
    case simdjson::DEPTH_ERROR:
      return Error(Errc::kTooLarge, "json is nested deeper than the limit");
    case simdjson::MEMALLOC:
      return Error(Errc::kResourceExhausted, "json needs more memory than there is");
    case simdjson::EMPTY:
      return Error(Errc::kMalformed, "json is empty");
    case kDuplicateKey:
      return Error(Errc::kMalformed, "json has an object with a duplicate key");
    case simdjson::UTF8_ERROR:
      return Error(Errc::kMalformed, "json is not valid UTF-8");
    case simdjson::STRING_ERROR:
    case simdjson::UNCLOSED_STRING:
    case simdjson::UNESCAPED_CHARS:
      return Error(Errc::kMalformed, "json has a malformed string");
    case simdjson::NUMBER_ERROR:
      return Error(Errc::kMalformed, "json has a malformed number, or one that does not fit in 64 bits");
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return Error(Errc::kMalformed, "json has a malformed literal");
    default:
      return Error(Errc::kMalformed, "json has bad syntax");
  }
}

bool shorter_or_before(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

// simdjson refuses everything when its capacity is below 32 bytes; parse() checks the limit itself.
JsonReader::JsonReader(JsonLimits limits) : limits_(limits), parser_(std::max<std::size_t>(limits.max_bytes, 64)) {
  REDOUBT_CHECK(limits.max_bytes < (std::size_t{1} << 32) && limits.max_depth >= 1 && limits.max_depth <= 1024);
  // One more than ours: simdjson does not count the innermost container when it is empty; check() counts exactly.
  REDOUBT_CHECK(parser_.allocate(std::min<std::size_t>(limits.max_bytes, 64 * 1024), limits.max_depth + 1) ==
                simdjson::SUCCESS);
}

Result<simdjson::dom::element> JsonReader::parse(std::string_view text) {
  if (text.size() > limits_.max_bytes) return parse_error(simdjson::CAPACITY);
  if (text.empty()) return parse_error(simdjson::EMPTY);
  if (text.size() > text_capacity_) {
    text_ = std::make_unique<char[]>(text.size() + simdjson::SIMDJSON_PADDING);
    text_capacity_ = text.size();
  }
  std::memcpy(text_.get(), text.data(), text.size());
  text_size_ = text.size();
  simdjson::dom::element root;
  if (const error_code code = parser_.parse(text_.get(), text.size(), false).get(root); code != simdjson::SUCCESS) {
    return parse_error(code);
  }
  if (!root.is_array() && !root.is_object()) return root;
  keys_.clear();
  if (const error_code code = check(root, 1); code != simdjson::SUCCESS) return parse_error(code);
  return root;
}

void JsonReader::forget() {
  if (text_size_ == 0) return;
  ::explicit_bzero(text_.get(), text_size_);
  // simdjson makes room for 5/3 of the text and a padding, the most that all strings can take, and writes no more.
  if (parser_.doc.string_buf) {
    const std::size_t text_bytes = std::min(text_size_, parser_.doc.capacity());
    ::explicit_bzero(parser_.doc.string_buf.get(), text_bytes * 5 / 3 + simdjson::SIMDJSON_PADDING);
  }
  text_size_ = 0;
}

// `depth` counts `value` itself, which is an array or object.
simdjson::error_code JsonReader::check(simdjson::dom::element value, std::size_t depth) {
  if (depth > limits_.max_depth) return simdjson::DEPTH_ERROR;
  const auto check_inner = [&](simdjson::dom::element inner) {
    return inner.is_array() || inner.is_object() ? check(inner, depth + 1) : simdjson::SUCCESS;
  };
  if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : array) {
      if (const auto code = check_inner(item); code != simdjson::SUCCESS) return code;
    }
    return simdjson::SUCCESS;
  }
  const std::size_t begin = keys_.size();  // before it are those of the objects around this one
  for (const simdjson::dom::key_value_pair member : simdjson::dom::object(value)) {
    const auto keys = std::span(keys_).subspan(begin);
    if (keys.size() < kPairwiseMembers && std::find(keys.begin(), keys.end(), member.key) != keys.end()) {
      return kDuplicateKey;
    }
    keys_.push_back(member.key);
    if (const auto code = check_inner(member.value); code != simdjson::SUCCESS) return code;
  }
  const auto keys = std::span(keys_).subspan(begin);
  if (keys.size() > kPairwiseMembers) {
    std::sort(keys.begin(), keys.end(), shorter_or_before);
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) return kDuplicateKey;
  }
  keys_.resize(begin);
  return simdjson::SUCCESS;
}

std::string_view string_member(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace redoubt::encoding
