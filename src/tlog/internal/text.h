// What the text formats of a log have in common: one spelling for each number and hash, and plain text only.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "tlog/hash.h"

namespace redoubt::tlog::internal {

// The number spelled by `digits`: ASCII decimal, no sign, no leading zero but in "0". Nothing otherwise.
inline std::optional<std::uint64_t> parse_decimal(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// The hash spelled by `text`: canonical base64 of 32 bytes. Nothing otherwise.
inline std::optional<Hash> parse_hash(std::string_view text) {
  if (text.size() != 44) return std::nullopt;
  const Result<Bytes> bytes = encoding::base64_decode(text);
  if (!bytes || bytes->size() != kHashSize) return std::nullopt;
  Hash hash;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

// "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control characters (those below U+0020) other than
// newline" (C2SP signed-note, Format).
inline bool is_note_text(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return false;
  }
  return encoding::is_utf8(text);
}

// Cuts the first line off `text`, without its newline. Nothing when there is no newline left.
inline std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace redoubt::tlog::internal
