#include "encoding/json_reader.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

using simdjson::error_code;

// Up to this many members, keys are told apart by marks of kMarkBits places rather than by sorting.
constexpr std::size_t kMarkedMembers = 128;
constexpr std::size_t kMarkBits = 1024;

template <class Word>
std::uint64_t load(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The same for equal keys, and seldom for others: of the size, the beginning and the end.
std::uint64_t digest_of(std::string_view key) {
  const char* const end = key.data() + key.size();
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (key.size() >= 8) {
    head = load<std::uint64_t>(key.data());
    tail = load<std::uint64_t>(end - 8);
  } else if (key.size() >= 4) {
    head = load<std::uint32_t>(key.data());
    tail = load<std::uint32_t>(end - 4);
  } else if (!key.empty()) {
    head = load<std::uint8_t>(key.data());
    tail = load<std::uint8_t>(key.data() + key.size() / 2) << 8 | load<std::uint8_t>(end - 1);
  }
  // The size has a byte of its own in short keys: `1` and `21` have the same end.
  return (head ^ key.size() << 56) * 0x9e3779b97f4a7c15 + tail * 0xc2b2ae3d27d4eb4f;
}

// A parser's, in bytes of text; it grows with what is parsed, and whoever has many has them for small texts.
constexpr std::size_t kFirstCapacity = 1024;

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

// simdjson's tape (its doc/tape.md) is the document in its order, a word for each value, key and bracket: first a byte
// that says which, then for a string where it is, and for an opening bracket how many members there are and where they
// end. A number has a word more.
char kind_of(std::uint64_t word) {
  return static_cast<char>(word >> 56);
}

// Of an object, by its opening bracket; no more than 2^24 - 1 are counted.
std::uint64_t members_of(std::uint64_t word) {
  return (word >> 32) & 0xff'ffff;
}

const std::uint64_t* after_value(const simdjson::dom::document& document, const std::uint64_t* value) {
  switch (kind_of(*value)) {
    case '{':
    case '[':
      return document.tape.get() + static_cast<std::uint32_t>(*value);
    case 'l':
    case 'u':
    case 'd':
      return value + 2;
    default:
      return value + 1;
  }
}

std::string_view string_at(const simdjson::dom::document& document, std::uint64_t word) {
  const std::uint8_t* at = document.string_buf.get() + (word & 0x00ff'ffff'ffff'ffff);
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return {reinterpret_cast<const char*>(at) + sizeof size, size};
}

// Of an object of at most kMarkedMembers. False: two of its keys may be equal.
bool has_distinct_digests(const simdjson::dom::document& document, const std::uint64_t* object) {
  std::array<std::uint64_t, kMarkBits / 64> marks{};
  std::array<std::uint64_t, kMarkedMembers> digests;
  std::size_t count = 0;
  for (const std::uint64_t* word = object + 1; kind_of(*word) != '}'; word = after_value(document, word + 1)) {
    if (count == digests.size()) return false;
    const std::uint64_t digest = digest_of(string_at(document, *word));
    const std::uint64_t mark = digest >> 54;  // a place among kMarkBits
    std::uint64_t& marked = marks[mark / 64];
    const std::uint64_t bit = std::uint64_t{1} << (mark % 64);
    if ((marked & bit) != 0) {
      const auto end = digests.begin() + static_cast<std::ptrdiff_t>(count);
      if (std::find(digests.begin(), end, digest) != end) return false;
    }
    marked |= bit;
    digests[count++] = digest;
  }
  return true;
}

}  // namespace

// simdjson refuses everything when its capacity is below 32 bytes; parse() checks the limit itself.
JsonReader::JsonReader(JsonLimits limits) : limits_(limits), parser_(std::max<std::size_t>(limits.max_bytes, 64)) {
  REDOUBT_CHECK(limits.max_bytes < (std::size_t{1} << 32) && limits.max_depth >= 1 && limits.max_depth <= 1024);
  // One more than ours: simdjson does not count the innermost container when it is empty; check() counts exactly.
  REDOUBT_CHECK(parser_.allocate(std::min(limits.max_bytes, kFirstCapacity), limits.max_depth + 1) ==
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
  if (const error_code code = check(); code != simdjson::SUCCESS) return parse_error(code);
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

// Of a document whose root is an array or object.
simdjson::error_code JsonReader::check() {
  std::size_t depth = 0;
  for (const std::uint64_t* word = parser_.doc.tape.get() + 1;; ++word) {  // the first one is no value
    switch (kind_of(*word)) {
      case '{':
        if (has_duplicate_key(word)) return kDuplicateKey;
        [[fallthrough]];
      case '[':
        if (++depth > limits_.max_depth) return simdjson::DEPTH_ERROR;
        break;
      case '}':
      case ']':
        if (--depth == 0) return simdjson::SUCCESS;
        break;
      case 'l':
      case 'u':
      case 'd':
        ++word;
        break;
      default:
        break;
    }
  }
}

bool JsonReader::has_duplicate_key(const std::uint64_t* object) {
  const std::uint64_t members = members_of(*object);
  if (members < 2) return false;
  if (members <= kMarkedMembers && has_distinct_digests(parser_.doc, object)) return false;
  keys_.clear();
  for (const std::uint64_t* word = object + 1; kind_of(*word) != '}'; word = after_value(parser_.doc, word + 1)) {
    keys_.push_back(string_at(parser_.doc, *word));
  }
  std::sort(keys_.begin(), keys_.end(), shorter_or_before);
  return std::adjacent_find(keys_.begin(), keys_.end()) != keys_.end();
}

std::string_view string_member(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace redoubt::encoding
