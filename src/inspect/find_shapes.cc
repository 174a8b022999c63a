// The pass for digits: groups of letters and digits with a digit in them, and what shapes say of them.
#include <algorithm>
#include <array>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

// Longer groups are no identifier of ours.
constexpr std::size_t kLongestGroup = 64;
constexpr std::size_t kLongestLetters = 9;  // of a group of letters that a shape may begin with: `September 3`

bool joins_groups(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '/';
}

// A digit beyond a sign that joins numbers: `12-34` has one for both of them.
bool digit_beyond(std::string_view text, std::size_t sign, std::size_t beyond) {
  return sign < text.size() && beyond < text.size() && (text[sign] == '-' || text[sign] == '.' || text[sign] == '/') &&
         is_digit(text[beyond]);
}

}  // namespace

void Finder::find_shapes(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                         std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  std::uint64_t digit_before = 0;
  const auto first_digits = [&](const CharMask* mask) {
    const std::uint64_t digits = mask->digit;
    const std::uint64_t firsts = digits & ~((digits << 1) | digit_before);
    digit_before = digits >> 63;
    return firsts;
  };
  level.masks.each(from, to, first_digits, [&](std::size_t at) {
    std::size_t begin = at;
    while (begin > 0 && at - begin < kLongestGroup && is_alnum(text[begin - 1])) {
      --begin;
      if (is_digit(text[begin])) return;  // not the first of its group
    }
    if (at - begin == kLongestGroup) return;
    match_shapes(level, window, begin, out);
    if (begin > 0 && (text[begin - 1] == '+' || text[begin - 1] == '(')) match_shapes(level, window, begin - 1, out);
    // Groups of letters right before: `HRB 1234`, `B-MW 123`, `March 3`.
    std::size_t group = begin;
    for (int i = 0; i < 2 && group > 1 && joins_groups(text[group - 1]); ++i) {
      const std::size_t end = group - 1;
      std::size_t start = end;
      while (start > 0 && end - start <= kLongestLetters && is_letter(text[start - 1])) --start;
      if (start == end || end - start > kLongestLetters || (start > 0 && is_alnum(text[start - 1]))) break;
      match_shapes(level, window, start, out);
      group = start;
    }
  });
}

void Finder::match_shapes(Level& level, const TextWindow& window, std::size_t begin, std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  struct End {
    std::size_t at;
    std::uint32_t state;
  };
  std::array<End, 64> ends;  // the first `count` of them
  std::size_t count = 0;
  const ShapeAutomaton& shapes = rules_.shapes;
  std::uint32_t state = ShapeAutomaton::kStart;
  for (std::size_t at = begin; at < text.size();) {
    state = shapes.next(state, text[at]);
    if (state == ShapeAutomaton::kDead) break;
    ++at;
    if (!shapes.accepts(state)) continue;
    if (at < text.size() && is_alnum(text[at]) && is_alnum(text[at - 1])) continue;
    if (count < ends.size()) ends[count++] = {at, state};
  }
  if (count == 0) return;
  const bool digit_before = begin > 1 && digit_beyond(text, begin - 1, begin - 2);
  const std::size_t had = out.size();
  while (count-- > 0) {
    const auto [end, accepting] = ends[count];
    const bool digit_after = digit_beyond(text, end, end + 1);
    for (const std::uint16_t pattern : shapes.accepted(accepting)) {
      const std::uint16_t number = rules_.shape_rules[pattern];
      const Rule& rule = rules_.rules[number];
      if ((digit_before || digit_after) && (rule.flags & kDecimalNeighbours) == 0) continue;
      // The longest match of a rule that its check confirms is the one.
      const bool longer = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(had), out.end(),
                                      [&](const Candidate& other) { return other.rule == number; });
      if (longer) continue;
      // What could not be reported in any case need not be checked.
      if (rule.base < rules_.min_confidence) {
        if (rule.near < rules_.min_confidence || rule.context == ContextWords::kNoSet) continue;
        rules_.context.look(text, begin, end, level.nearby);
        if (!level.nearby.has(rule.context)) continue;
      }
      if (rule.check != nullptr && !rule.check(text.substr(begin, end - begin))) continue;
      add(level, window, begin, end, number, out);
    }
  }
}

}  // namespace redoubt::inspect::internal
