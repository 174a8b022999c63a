// JSON (RFC 8259) that arrives from outside: parsed whole, strictly, with limits, by simdjson.
//
// The whole document is checked: UTF-8, numbers, strings and structure everywhere, no duplicate keys at any level (RFC
// 7493 §2.3; compared after unescaping), no unpaired surrogates (§2.1), no deeper nesting than the limit, no byte order
// mark, nothing after the value. So what Redoubt reads is what every other parser of the same bytes reads. For the same
// reason numbers that do not fit are refused rather than rounded: an integer outside int64 and uint64 (RFC 8259 §6
// leaves them to the reader), or one that overflows a double. U+0000 is allowed in strings, as RFC 8259 §7 has it: take
// them as views with a length.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::encoding {

struct JsonLimits {
  std::size_t max_bytes = 4 * 1024 * 1024;  // of the text; at most 4 GiB less one, simdjson's own limit
  std::size_t max_depth = 64;               // arrays and objects inside each other: `[[1]]` has depth 2; at most 1024
};

// One parser a thread; parsing again invalidates what the last call returned. Not to be held across a suspension:
// another coroutine of the thread may parse meanwhile. Its buffers grow to about eleven times the largest text seen,
// and stay.
class JsonReader {
 public:
  explicit JsonReader(JsonLimits limits = {});

  // The document's root, valid until the next call or the end of this reader; `text` need not outlive the call. Errors:
  // kTooLarge above max_bytes or max_depth; kMalformed with the reason (bad syntax, not UTF-8, a number that does not
  // fit, duplicate key), never with content.
  Result<simdjson::dom::element> parse(std::string_view text);

  // Overwrites what the last parse() left in the buffers; what it returned becomes invalid. For text that must not
  // outlive its use.
  void forget();

 private:
  simdjson::error_code check();
  bool has_duplicate_key(const std::uint64_t* object);

  JsonLimits limits_;
  simdjson::dom::parser parser_;
  std::unique_ptr<char[]> text_;  // a copy with the padding that simdjson reads
  std::size_t text_capacity_ = 0;
  std::size_t text_size_ = 0;
  std::vector<std::string_view> keys_;  // of the object being checked
};

// A string member, or empty when it is absent or not a string. Valid as long as the object.
std::string_view string_member(const simdjson::dom::object& object, std::string_view name);

}  // namespace redoubt::encoding
