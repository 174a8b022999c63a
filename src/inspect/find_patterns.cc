// Patterns of users, which may match anywhere.
#include <algorithm>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kStep = 256;  // bytes that are searched at once, at least

}  // namespace

// INVARIANT: a match of at most `width` bytes that begins in [from, to) and that no earlier match of the pattern
// overlaps is found, whatever follows it.
Result<> Finder::find_user_patterns(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                                    std::vector<Candidate>& out) {
  for (const std::uint16_t number : rules_.user_patterns) {
    const Rule& rule = rules_.rules[number];
    std::uint64_t& resume = level.user_from[rule.number];
    std::size_t at = std::max<std::uint64_t>(window.base + from, resume) - window.base;
    const std::size_t furthest = std::min(window.text.size(), to + rule.width);
    while (at < to) {
      // Far enough for any match that begins soon, and no further: a pattern without an end must not read everything
      // again at each place.
      const std::size_t soon = std::min(furthest, at + 4 * rule.width + kStep);
      re2::StringPiece found;
      const re2::StringPiece all(window.text.data(), window.text.size());
      const bool any = rule.pattern->Match(all, at, soon, RE2::UNANCHORED, &found, 1);
      const std::size_t begin = any ? static_cast<std::size_t>(found.data() - window.text.data()) : soon;
      // Before a match that begins so late, another one may begin that does not end before `soon`.
      if (soon < furthest && begin + rule.width > soon) {
        at = soon - rule.width;
        continue;
      }
      if (begin >= to || !any) break;
      const std::size_t end = std::min(window.text.size(), begin + rule.width);
      const re2::StringPiece near(window.text.data(), std::min(window.text.size(), end + 1));
      at = begin + 1;
      if (!rule.pattern->Match(near, begin, end, RE2::ANCHOR_START, &found, 1) || found.empty()) continue;
      if (rule.dictionary != nullptr) {
        const Dictionary& dictionary = *rule.dictionary;
        const auto known = dictionary.keeper->contains(dictionary.name, normal_form({found.data(), found.size()}));
        if (!known) return known.error();
        if (!*known) continue;
      }
      at = begin + found.size();
      resume = window.base + at;
      add(level, window, begin, at, number, out);
    }
  }
  return {};
}

}  // namespace redoubt::inspect::internal
