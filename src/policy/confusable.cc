#include "policy/internal/confusable.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <vector>

#include "policy/internal/confusable_tables.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  while (!text.empty()) {
    const std::size_t size = first_code_point(text).size;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    char32_t point = size == 1 ? byte(0) : byte(0) & (0xffU >> (size + 1));
    if (size == 1 && point >= 0x80) point = 0xfffd;  // not UTF-8
    for (std::size_t i = 1; i < size; ++i) point = (point << 6) | (byte(i) & 0x3fU);
    points.push_back(point);
    text.remove_prefix(size);
  }
  return points;
}

// Null when no range has the code point.
template <class Range>
const Range* find(std::span<const Range> ranges, char32_t point) {
  const auto next = std::ranges::upper_bound(ranges, point, {}, &Range::first);
  if (next == ranges.begin()) return nullptr;
  const Range& range = *(next - 1);
  return point <= range.last ? &range : nullptr;
}

// Embeddings, overrides and isolates of UAX 9.
bool changes_direction(char32_t point) {
  return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool suits_identifiers(char32_t point) {
  return (point >= 0x20 && point < 0x7f) || find(allowed_in_identifiers(), point) != nullptr;
}

// Whether there is no writing system that has all of them (UTS 39 §5.1).
bool mixes_scripts(const std::vector<char32_t>& points) {
  std::bitset<kScriptCount> common;
  common.set();
  for (const char32_t point : points) {
    const ScriptRange* range = find(script_ranges(), point);
    if (range == nullptr) continue;
    std::bitset<kScriptCount> scripts;
    for (const std::uint8_t script : scripts_of_set(range->set)) scripts.set(script);
    common &= scripts;
  }
  return common.none();
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string name_of(char32_t point) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<std::uint32_t>(point), 16).ptr;
  std::string name(digits, end);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return "U+" + std::string(name.size() < 4 ? 4 - name.size() : 0, '0') + name;
}

std::optional<std::string> confusable(std::string_view text, const std::vector<char32_t>& points) {
  if (std::ranges::any_of(points, changes_direction)) return shown(text) + " changes the direction of writing";
  if (mixes_scripts(points)) return shown(text) + " mixes scripts, letters of which may look alike";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> confusable_string(std::string_view text) {
  if (is_ascii(text)) return std::nullopt;
  return confusable(text, code_points(text));
}

std::optional<std::string> confusable_identifier(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; })) return std::nullopt;
  const std::vector<char32_t> points = code_points(text);
  auto why = confusable(text, points);
  const auto odd = std::ranges::find_if_not(points, suits_identifiers);
  if (why || odd == points.end()) return why;
  return shown(text) + " has " + name_of(*odd) + ", which does not belong in identifiers";
}

}  // namespace redoubt::policy::internal
