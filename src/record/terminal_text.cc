#include <array>
#include <cstdint>

#include "record/terminal_text.h"

namespace redoubt::record {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void append_code_unit(std::string& out, unsigned unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHex[(unit >> shift) & 0xf]);
}

void append_escape(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c < 0x10000) {
    append_code_unit(out, static_cast<unsigned>(c));
  } else {
    const unsigned offset = static_cast<unsigned>(c) - 0x10000;
    append_code_unit(out, 0xd800 + (offset >> 10));
    append_code_unit(out, 0xdc00 + (offset & 0x3ff));
  }
}

bool is_unsafe(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr std::array<Range, 13> kUnsafe = {{
      {0x00, 0x1f},         // C0
      {0x7f, 0x9f},         // DEL, C1
      {0xad, 0xad},         // soft hyphen
      {0x61c, 0x61c},       // Arabic letter mark
      {0x180e, 0x180e},     // Mongolian vowel separator
      {0x200b, 0x200f},     // zero width, direction marks
      {0x2028, 0x202e},     // separators, direction embeddings and overrides
      {0x2060, 0x206f},     // invisible operators, direction isolates
      {0xfeff, 0xfeff},     // byte order mark
      {0xfff9, 0xfffb},     // interlinear annotation
      {0xe000, 0xf8ff},     // private use: fonts draw what they like
      {0xe0000, 0xe0fff},   // tags, variation selectors
      {0xf0000, 0x10ffff},  // private use
  }};
  for (const Range range : kUnsafe) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

}  // namespace

std::size_t utf8_character(std::string_view text, char32_t& code_point) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  std::size_t size = 0;
  char32_t value = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
    value = lead & 0x1f;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    value = lead & 0x0f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    value = lead & 0x07;
  } else {
    return 0;
  }
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = (value << 6) | (byte(i) & 0x3f);
  }
  // Overlong forms, surrogates and what lies beyond Unicode are not UTF-8 (RFC 3629 §3).
  if (size == 3 && (value < 0x800 || (value >= 0xd800 && value <= 0xdfff))) return 0;
  if (size == 4 && (value < 0x10000 || value > 0x10ffff)) return 0;
  code_point = value;
  return size;
}

void append_terminal_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    char32_t code_point = 0;
    const std::size_t size = utf8_character(text, code_point);
    if (size == 0) {
      const auto byte = static_cast<std::uint8_t>(text.front());
      out += "\\x";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xf]);
      text.remove_prefix(1);
      continue;
    }
    if (is_unsafe(code_point)) {
      append_escape(out, code_point);
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
}

}  // namespace redoubt::record
