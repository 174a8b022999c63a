// Records are put together from constant pieces of JSON: member names and punctuation are literals, and only what comes
// from outside goes through the escaping writer. Each optional member begins with its comma, after one that is always
// there. Inside this module only.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "record/commitment.h"

namespace redoubt::record {

struct Enumerated {
  int id;
  std::string_view caption;
};

// Whether a JSON string holds all of it as it is: ASCII without control characters, quotes and backslashes. Eight bytes
// at once.
inline bool is_plain_ascii(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHigh = kOnes << 7;
  const auto below = [](std::uint64_t bytes, std::uint64_t bound) { return (bytes - kOnes * bound) & ~bytes; };
  const auto special = [&](std::uint64_t bytes) {
    return (bytes | below(bytes, 0x20) | below(bytes ^ kOnes * '"', 1) | below(bytes ^ kOnes * '\\', 1)) & kHigh;
  };
  std::uint64_t found = 0;
  std::uint64_t bytes = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::memcpy(&bytes, text.data() + at, 8);
    found |= special(bytes);
  }
  bytes = kOnes * ' ';
  text.substr(at).copy(reinterpret_cast<char*>(&bytes), sizeof bytes);
  return (found | special(bytes)) == 0;
}

// Collects the pieces, and appends them to the record together. Pieces are put in place where they are written, so that
// of a constant its few words are stored, and nothing is called.
class RecordWriter {
 public:
  explicit RecordWriter(std::string& out) : out_(out) {}
  ~RecordWriter() { flush(); }
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  [[gnu::always_inline]] RecordWriter& operator<<(std::string_view json) {
    if (json.size() > buffer_.size() - used_) {
      append(json);
    } else if (!json.empty()) {
      std::memcpy(buffer_.data() + used_, json.data(), json.size());
      used_ += json.size();
    }
    return *this;
  }
  void text(std::string_view text) {
    if (text.size() + 2 > buffer_.size() - used_ || !is_plain_ascii(text)) {
      flush();
      encoding::append_json_string(out_, text);
      return;
    }
    *this << "\"" << text << "\"";
  }
  template <std::integral T>
  void number(T value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  // A word of letters, digits and `_`, `-`, `.`; what else is in it becomes `_`, so that it never grows.
  void word(std::string_view word) {
    flush();
    out_.push_back('"');
    for (const char c : word) out_.push_back(is_plain(c) ? c : '_');
    out_.push_back('"');
  }
  // The same of a name, in which `/` and `:` stay.
  void name(std::string_view name) {
    flush();
    out_.push_back('"');
    for (const char c : name) out_.push_back(is_plain(c) || c == '/' || c == ':' ? c : '_');
    out_.push_back('"');
  }
  void hex(const Commitment& bytes) {
    flush();
    out_.push_back('"');
    encoding::append_hex(out_, bytes);
    out_.push_back('"');
  }

  // `prefix` is the comma, name and colon.
  [[gnu::always_inline]] void optional_text(std::string_view prefix, std::string_view value) {
    if (value.empty()) return;
    *this << prefix;
    text(value);
  }
  template <std::integral T>
  [[gnu::always_inline]] void member(std::string_view prefix, T value) {
    *this << prefix;
    number(value);
  }
  // OCSF's pair of a number and its caption: `,"NAME_id":1,"NAME":"Caption"`.
  [[gnu::always_inline]] void enumerated(std::string_view id_prefix, std::string_view caption_prefix,
                                         Enumerated value) {
    member(id_prefix, value.id);
    *this << caption_prefix << "\"" << value.caption << "\"";
  }

 private:
  static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  }
  [[gnu::noinline]] void append(std::string_view json) {
    flush();
    out_.append(json);
  }
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, 2048> buffer_;  // most records are shorter
};

}  // namespace redoubt::record
