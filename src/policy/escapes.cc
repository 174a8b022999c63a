#include "policy/internal/escapes.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Escape {
  std::size_t size = 0;  // bytes of it, the backslash counted
  std::optional<char32_t> point;
};

// `\x` and what follows.
Escape hex_escape(std::string_view text) {
  if (text.size() < 4 || hex_digit(text[2]) < 0 || hex_digit(text[3]) < 0) return {2, {}};
  const auto value = static_cast<char32_t>(hex_digit(text[2]) * 16 + hex_digit(text[3]));
  if (value > 0x7f) return {4, {}};
  return {4, value};
}

// `\u` and what follows.
Escape unicode_escape(std::string_view text) {
  if (text.size() < 4 || text[2] != '{' || hex_digit(text[3]) < 0) return {2, {}};
  char32_t value = 0;
  std::size_t digits = 0;
  for (std::size_t i = 3; i < text.size(); ++i) {
    if (text[i] == '_') continue;
    if (text[i] == '}') {
      const bool scalar = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
      if (digits > 6 || !scalar) return {i + 1, {}};
      return {i + 1, value};
    }
    const int digit = hex_digit(text[i]);
    if (digit < 0) return {i, {}};
    if (++digits <= 6) value = value * 16 + static_cast<char32_t>(digit);
  }
  return {text.size(), {}};
}

// `text` begins with a backslash.
Escape read_escape(std::string_view text) {
  if (text.size() < 2) return {1, {}};
  switch (text[1]) {
    case 'n':
      return {2, U'\n'};
    case 'r':
      return {2, U'\r'};
    case 't':
      return {2, U'\t'};
    case '0':
      return {2, U'\0'};
    case '\\':
      return {2, U'\\'};
    case '\'':
      return {2, U'\''};
    case '"':
      return {2, U'"'};
    case 'x':
      return hex_escape(text);
    case 'u':
      return unicode_escape(text);
    default:
      return {1 + first_code_point(text.substr(1)).size, {}};
  }
}

// Gives each run of plain bytes, and each escape with what it means (nothing when it is none), to `take(text, escape)`;
// take says whether it could make use of that.
template <class Take>
std::optional<Problem> read_literal(std::string_view literal, std::uint32_t offset, Take take) {
  for (std::size_t i = 0; i < literal.size();) {
    const std::size_t plain = std::min(literal.find_first_of("\\\r", i), literal.size());
    if (plain != i) take(literal.substr(i, plain - i), std::string_view());
    i = plain;
    if (i == literal.size()) break;
    const bool is_escape = literal[i] == '\\';
    const Escape escape = is_escape ? read_escape(literal.substr(i)) : Escape{1, {}};
    const std::string_view spelt = literal.substr(i, escape.size);
    std::string meant;
    if (escape.point) append_utf8(meant, *escape.point);
    if (!take(meant, spelt)) {
      const auto begin = static_cast<std::uint32_t>(offset + i);
      return Problem{.message = is_escape ? "escape " + shown(spelt) + " is not valid"
                                          : "a carriage return in a string must be written `\\r`",
                     .where = {begin, static_cast<std::uint32_t>(begin + escape.size)}};
    }
    i += escape.size;
  }
  return std::nullopt;
}

void append_literal(Pattern& pattern, std::string_view text) {
  if (text.empty()) return;
  if (pattern.parts.empty() || pattern.parts.back().star) pattern.parts.push_back({});
  pattern.parts.back().literal += text;
}

void append_with_stars(Pattern& pattern, std::string_view text) {
  while (!text.empty()) {
    const std::size_t star = std::min(text.find('*'), text.size());
    append_literal(pattern, text.substr(0, star));
    if (star == text.size()) return;
    pattern.parts.push_back({.star = true, .literal = {}});
    text.remove_prefix(star + 1);
  }
}

}  // namespace

void append_utf8(std::string& out, char32_t point) {
  const auto byte = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | point >> 6);
    byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  } else {
    byte(0xf0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3f));
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  }
}

tl::expected<std::string, Problem> unescape(std::string_view literal, std::uint32_t offset) {
  std::string out;
  auto problem = read_literal(literal, offset, [&](std::string_view text, std::string_view) {
    out += text;
    return !text.empty();
  });
  if (problem) return tl::unexpected(std::move(*problem));
  return out;
}

tl::expected<Pattern, Problem> unescape_pattern(std::string_view literal, std::uint32_t offset) {
  Pattern out;
  auto problem = read_literal(literal, offset, [&](std::string_view text, std::string_view escape) {
    if (escape == "\\*") {
      append_literal(out, "*");
      return true;
    }
    append_with_stars(out, text);
    return !text.empty();
  });
  if (problem) return tl::unexpected(std::move(*problem));
  return out;
}

void append_escaped(std::string& out, std::string_view text, bool pattern) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c == '"' || c == '\\' || (pattern && c == '*')) {
      out += '\\';
      out += text[i];
    } else if (c == '\0') {
      out += "\\0";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7f || c1) {
      std::array<char, 8> digits{};
      std::snprintf(digits.data(), digits.size(), "%x", c1 ? static_cast<unsigned char>(text[++i]) : c);
      out.append("\\u{").append(digits.data()).append("}");
    } else {
      out += text[i];
    }
  }
}

}  // namespace redoubt::policy::internal
