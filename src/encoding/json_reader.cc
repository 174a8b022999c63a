#include "encoding/json_reader.h"

#include <string.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

using simdjson::error_code;

// Below this many members comparing all pairs is cheaper than sorting.
constexpr std::size_t kPairwiseMembers = 16;

Error duplicate_key() {
  return Error(Errc::kMalformed, "json has an object with a duplicate key");
}

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
  if (auto checked = check(root, 1); !checked) return checked.error();
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

// `depth` counts `value` itself, if it is an array or object.
Result<> JsonReader::check(simdjson::dom::element value, std::size_t depth) {
  simdjson::dom::array array;
  if (value.get(array) == simdjson::SUCCESS) {
    if (depth > limits_.max_depth) return parse_error(simdjson::DEPTH_ERROR);
    for (const simdjson::dom::element item : array) {
      if (!item.is_array() && !item.is_object()) continue;
      if (auto checked = check(item, depth + 1); !checked) return checked;
    }
    return {};
  }
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return {};
  if (depth > limits_.max_depth) return parse_error(simdjson::DEPTH_ERROR);
  if (auto checked = check_keys_differ(object); !checked) return checked;
  for (const simdjson::dom::key_value_pair member : object) {
    if (!member.value.is_array() && !member.value.is_object()) continue;
    if (auto checked = check(member.value, depth + 1); !checked) return checked;
  }
  return {};
}

Result<> JsonReader::check_keys_differ(simdjson::dom::object object) {
  keys_.clear();
  for (auto member = object.begin(); member != object.end(); ++member) {
    const std::string_view key = member.key();
    if (keys_.size() < kPairwiseMembers && std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
      return duplicate_key();
    }
    keys_.push_back(key);
  }
  if (keys_.size() <= kPairwiseMembers) return {};
  std::sort(keys_.begin(), keys_.end(), shorter_or_before);
  if (std::adjacent_find(keys_.begin(), keys_.end()) != keys_.end()) return duplicate_key();
  return {};
}

std::string_view string_member(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace redoubt::encoding
