// What no pattern describes: text that repeats itself, and text that no language has.
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kRepetitionStep = 256;  // places that are looked at for repetition
constexpr std::size_t kRepeated = 256;        // bytes that repeat themselves
constexpr std::size_t kPeriod = 24;

// How many bytes from `at` on equal those `period` before, up to kRepeated.
bool repeats(std::string_view text, std::size_t at) {
  if (at + kRepeated > text.size()) return false;
  const std::string_view rest = text.substr(at, kRepeated);
  for (std::size_t period = 1; period <= kPeriod; ++period) {
    // Eight bytes first, which are one comparison of numbers.
    if (std::memcmp(rest.data(), rest.data() + period, 8) != 0) continue;
    if (rest.substr(0, kRepeated - period) != rest.substr(period)) continue;
    // Lines, tables and indentation repeat signs and blanks; only letters and digits are an attempt at something.
    return std::ranges::any_of(rest.substr(0, period), [](char c) { return is(c, kWordByte); });
  }
  return false;
}

constexpr std::size_t kLongestOddWord = 24;
constexpr std::size_t kGibberish = 128;  // bytes that are judged together
constexpr std::size_t kSample = 16;      // of which so many tell whether it is worth it
constexpr unsigned kLeastRare = 2;       // by so many rare letters in them: prose has one in 60

// Pairs that need no vowel in the languages of Europe: `sz`, `tz`, `rv`, `xp`.
bool is_usual_pair(char first, char second) {
  constexpr std::string_view kUsual[] = {"bj", "dj", "lj", "nj", "rj", "sj", "tj", "cq", "nq", "rq", "sq", "cz", "dz",
                                         "lz", "nz", "rz", "sz", "tz", "zz", "zn", "zl", "zd", "zb", "zw", "zk", "zm",
                                         "zh", "zs", "dv", "lv", "nv", "rv", "sv", "tv", "vn", "vr", "vl", "vs", "vk",
                                         "zv", "vd", "hv", "kv", "xp", "xt", "xc", "xh", "xs", "xx", "xf", "xq", "xl"};
  const char pair[] = {to_lower(first), to_lower(second)};
  return std::ranges::find(kUsual, std::string_view(pair, 2)) != std::end(kUsual);
}

bool is_vowel(char c) {
  return std::string_view("aeiouyAEIOUY").find(c) != std::string_view::npos;
}

// How many of kSample bytes are kRareLetter.
unsigned rare_in_sample(const char* bytes) {
#ifdef __SSE2__
  static_assert(kSample == sizeof(__m128i));
  __m128i sample;
  std::memcpy(&sample, bytes, sizeof sample);
  sample = _mm_or_si128(sample, _mm_set1_epi8(0x20));
  __m128i rare = _mm_setzero_si128();
  for (const char c : {'j', 'q', 'v', 'x', 'z'}) rare = _mm_or_si128(rare, _mm_cmpeq_epi8(sample, _mm_set1_epi8(c)));
  return static_cast<unsigned>(std::popcount(static_cast<unsigned>(_mm_movemask_epi8(rare))));
#else
  return static_cast<unsigned>(std::count_if(bytes, bytes + kSample, [](char c) { return is(c, kRareLetter); }));
#endif
}

// Whether words of letters alone have such pairs of letters as only chance makes.
bool is_gibberish(std::string_view text) {
  const auto rare = [](char c) { return is(c, kRareLetter); };
  if (rare_in_sample(text.data()) < kLeastRare) return false;
  std::size_t pairs = 0;
  std::size_t odd = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    // Names of programs, keys, and parts of addresses are no words.
    const auto joins = [](char c) { return is(c, kBase64 | kWordByte) || c == '.' || c == '@' || c == '%'; };
    const bool lone = (at == 0 || !joins(text[at - 1])) && (end == text.size() || !joins(text[end]));
    if (lone && end - at >= 3 && end - at <= kLongestOddWord) {
      for (std::size_t i = at; i + 1 < end; ++i) {
        ++pairs;
        // Rare letters first: they are what most pairs have none of.
        if (!rare(text[i]) && !rare(text[i + 1])) continue;
        const bool no_vowel = !is_vowel(text[i]) && !is_vowel(text[i + 1]);
        if (no_vowel && !is_usual_pair(text[i], text[i + 1])) ++odd;
      }
    }
    at = end + 1;
  }
  return pairs >= 48 && odd * 10 >= pairs;
}

}  // namespace

void Finder::find_repetition(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                             std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  std::size_t at = (window.base + from + kRepetitionStep - 1) / kRepetitionStep * kRepetitionStep - window.base;
  for (; at < to; at += kRepetitionStep) {
    if (!repeats(text, at) || (at >= kRepetitionStep && repeats(text, at - kRepetitionStep))) continue;
    add(level, window, at, at + kRepeated, static_cast<std::uint16_t>(rules_.repetition), out);
  }
}

void Finder::find_gibberish(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                            std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  std::size_t at = (window.base + from + kGibberish - 1) / kGibberish * kGibberish - window.base;
  for (; at < to && at + kGibberish <= text.size(); at += kGibberish) {
    if (!is_gibberish(text.substr(at, kGibberish))) continue;
    add(level, window, at, at + kGibberish, static_cast<std::uint16_t>(rules_.gibberish), out);
  }
}

}  // namespace redoubt::inspect::internal
