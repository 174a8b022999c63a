// What request and response heads have in common: where the fields are kept, and how the body is framed
// (RFC 9112 §6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/exchange.h"
#include "net/internal/field_syntax.h"

namespace redoubt::net::internal {

enum class BodyFraming : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

// Collects fields into storage of the caller, as views of the head's own bytes, and judges the fields that frame the
// body. Whatever could make two parsers disagree about where the message ends is refused.
class FieldCollector {
 public:
  explicit FieldCollector(std::span<HeaderField> storage) : storage_(storage) {}

  enum class Verdict : std::uint8_t { kGood, kTooMany, kBadFraming };
  Verdict add(std::string_view name, std::string_view value) {
    if (count_ == storage_.size()) return Verdict::kTooMany;
    storage_[count_++] = {name, value};
    if (equals_ignoring_case(name, "content-length")) {
      // RFC 9112 §6.3: with Transfer-Encoding "ought to be handled as an error"; repeated, unless merged, too.
      if (has_length_ || chunked_ || !parse_length(value, length_)) return Verdict::kBadFraming;
      has_length_ = true;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      if (has_length_ || chunked_ || !equals_ignoring_case(value, "chunked")) return Verdict::kBadFraming;
      chunked_ = true;
    }
    return Verdict::kGood;
  }

  std::span<const HeaderField> fields() const { return storage_.first(count_); }
  bool chunked() const { return chunked_; }
  bool has_length() const { return has_length_; }
  std::uint64_t length() const { return length_; }

 private:
  std::span<HeaderField> storage_;
  std::size_t count_ = 0;
  std::uint64_t length_ = 0;
  bool has_length_ = false;
  bool chunked_ = false;
};

}  // namespace redoubt::net::internal
