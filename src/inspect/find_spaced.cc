// Texts whose every character stands alone: `4 1 1 1 - 1 1 1 1`, `i-g-n-o-r-e`. Read again without what stands between.
#include <algorithm>
#include <array>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kShortest = 15;  // eight characters and what stands between them
constexpr std::size_t kStride = 8;   // so that each such row has a place that is looked at, with kStride more after it
constexpr std::size_t kPiece = 128;  // longer rows are read in pieces that lap over each other
static_assert(2 * kPiece == kSpacedWidth);

// Two bits: a letter or digit, a separator; 0 for anything else.
constexpr std::array<std::uint8_t, 256> kParts = [] {
  std::array<std::uint8_t, 256> out{};
  for (std::size_t c = 0; c < out.size(); ++c) out[c] = (kCharClasses[c] & (kDigit | kLetter)) != 0 ? 1 : 0;
  for (const char c : {' ', '-', '_', '*', '.'}) out[static_cast<unsigned char>(c)] = 2;
  return out;
}();

std::uint8_t part(char c) {
  return kParts[static_cast<unsigned char>(c)];
}

bool separates(char c) {
  return part(c) == 2;
}

// Of two masks in turn, the bits of the first: where a character and a separator, or a separator and a character,
// follow each other. The last of them tells nothing where there is no next mask.
std::uint64_t turns(const CharMask& mask, const CharMask& next) {
  const std::uint64_t chars_after = (mask.alnum >> 1) | (next.alnum << (kMaskBytes - 1));
  const std::uint64_t separators_after = (mask.separator >> 1) | (next.separator << (kMaskBytes - 1));
  return (mask.alnum & separators_after) | (mask.separator & chars_after);
}

// Whether a letter or digit stands alone at `at`. The text's ends are as good as separators.
bool alone(std::string_view text, std::size_t at) {
  return is_alnum(text[at]) && (at == 0 || separates(text[at - 1])) &&
         (at + 1 == text.size() || separates(text[at + 1]));
}

bool belongs(std::string_view text, std::size_t at) {
  return separates(text[at]) || alone(text, at);
}

}  // namespace

Result<> Finder::find_spaced(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                             std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  // The places at multiples of kStride of the whole text where characters and separators take turns in four bytes.
  constexpr std::uint64_t kEachStride = 0x0101010101010101;
  static_assert(kStride == 8);
  const std::uint64_t strides = kEachStride << ((kStride - window.base % kStride) % kStride);
  const auto rows = [&](const CharMask* mask) {
    const std::uint64_t two = turns(mask[0], mask[1]);
    const std::uint64_t two_next = turns(mask[1], {});
    return two & ((two >> 1) | (two_next << (kMaskBytes - 1))) & ((two >> 2) | (two_next << (kMaskBytes - 2))) &
           strides;
  };
  Result<> done;
  level.masks.each(from, to, rows, [&](std::size_t at) {
    // Nearly all places end here. In such a row two separators around one character, or the characters, are equal.
    if (!done || (text[at + 1] != text[at + 3] && text[at] != text[at + 2])) return;
    const std::size_t first = is_alnum(text[at]) ? at : at + 1;
    if (!separates(text[first + 1]) || !alone(text, first) || !alone(text, first + 2)) return;
    std::size_t begin = first;
    while (begin > 0 && first - begin < kPiece && belongs(text, begin - 1)) --begin;
    while (!is_alnum(text[begin])) ++begin;
    // At the first places in the row, lest one of them is between two words; and at every kPiece bytes.
    if (first - begin > 2 * kStride && (window.base + at) % kPiece != 0) return;
    std::size_t end = first;
    while (end < text.size() && end - begin < kSpacedWidth && belongs(text, end)) ++end;
    while (!is_alnum(text[end - 1])) --end;
    if (end - begin < kShortest) return;
    done = decode_spaced(level, window, begin, end, out);
  });
  return done;
}

Result<> Finder::decode_spaced(Level& level, const TextWindow& window, std::size_t begin, std::size_t end,
                               std::vector<Candidate>& out) {
  level.decoded.clear();
  level.places.clear();
  const auto put = [&](char c, std::size_t place, std::size_t end_before) {
    level.decoded += c;
    level.places.push_back(static_cast<std::uint32_t>(place - begin));
    level.places.push_back(static_cast<std::uint32_t>(end_before - begin));
  };
  std::size_t behind = begin;  // where the last character ended
  for (std::size_t at = begin; at < end; ++at) {
    if (!is_alnum(window.text[at])) continue;
    // More than one separator stands between words.
    const bool new_word = at > behind + 1;
    if (new_word) put(' ', behind, behind);
    put(window.text[at], at, new_word ? at : behind);
    behind = at + 1;
  }
  level.places.push_back(static_cast<std::uint32_t>(end - begin));
  level.places.push_back(static_cast<std::uint32_t>(end - begin));
  return find_decoded(level, window.base + begin, level.decoded, level.places, Encoding::kSpaced, out);
}

}  // namespace redoubt::inspect::internal
