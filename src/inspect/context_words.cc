#include "inspect/internal/context_words.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kLongestWord = 40;

std::string folded(std::string_view text, const FoldTable& table) {
  FoldedText out(table);
  std::vector<InvisibleRun> ignored;
  out.append(text, true, ignored);
  std::string lower(out.view());
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower;
}

// With capitals, as they fold: of some letters only the capital looks like a Latin one.
std::string upper(std::string_view text) {
  std::string out;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const auto size = utf8proc_iterate(at, left, &point);
    if (size < 1) break;
    utf8proc_uint8_t bytes[4];
    const auto written = utf8proc_encode_char(utf8proc_toupper(point), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(written));
    at += size;
    left -= size;
  }
  return out;
}

// The first letter as a capital, the others as they are.
std::string title(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
  return upper(text.substr(0, size)) + std::string(text.substr(size));
}

constexpr std::size_t kPrints = 8192;

// Of the first three letters, in any case.
std::size_t letters_print(std::string_view word) {
  const auto at = [&](std::size_t i) { return i < word.size() ? static_cast<unsigned char>(to_lower(word[i])) : 0U; };
  return (at(0) * 31U + at(1) * 1021U + at(2) * 4099U) % kPrints;
}

// And the length.
std::size_t print_of(std::string_view word) {
  return (letters_print(word) + word.size() * 131U) % kPrints;
}

enum LetterCase : std::uint8_t { kNeither, kCapital, kSmall };
constexpr std::array<std::uint8_t, 256> kLetterCases = [] {
  std::array<std::uint8_t, 256> out{};
  for (std::size_t c = 'A'; c <= 'Z'; ++c) out[c] = kCapital;
  for (std::size_t c = 'a'; c <= 'z'; ++c) out[c] = kSmall;
  return out;
}();

std::uint8_t letter_case(char c) {
  return kLetterCases[static_cast<unsigned char>(c)];
}

template <class Map, class F>
bool found_in(const Map& entries, std::string_view key, F&& found) {
  const auto entry = entries.find(key);
  return entry != entries.end() && found(entry->second);
}

}  // namespace

std::uint16_t ContextWords::add(std::string_view words) {
  if (words.empty()) return kNoSet;
  if (const auto known = sets_.find(words); known != sets_.end()) return known->second;
  REDOUBT_CHECK(sets_.size() < kMaxSets);
  const auto set = static_cast<std::uint16_t>(sets_.size());
  sets_.emplace(words, set);
  while (!words.empty()) {
    const std::size_t size = std::min(words.find('|'), words.size());
    const std::string_view word = words.substr(0, size);
    words.remove_prefix(std::min(size + 1, words.size()));
    for (const std::string& spelling : {std::string(word), title(word), upper(word)}) {
      add_word(folded(spelling, table_), word, set);
    }
  }
  return set;
}

void ContextWords::add_word(const std::string& spelling, std::string_view word, std::uint16_t set) {
  const bool prefix = spelling.ends_with('*');
  const std::string key = prefix ? spelling.substr(0, spelling.size() - 1) : spelling;
  if (prefix) {
    prefix_sizes_.set(std::min<std::size_t>(key.size(), 31));
    maybe_prefix_.set(letters_print(key));
  }
  const std::string_view first = std::string_view(key).substr(0, key.find(' '));
  (first.size() == key.size() ? maybe_ : maybe_first_).set(print_of(first));
  Entry& entry = (prefix ? prefixes_ : entries_)[key];
  if (entry.word.empty()) entry.word = word;
  if (std::ranges::find(entry.sets, set) == entry.sets.end()) entry.sets.push_back(set);
}

// Calls `found` with each entry in [from, to), until it returns true; whether it did. Cut: a word that goes on beyond
// that end is none.
template <class F>
bool ContextWords::each_word(std::string_view text, std::size_t from, std::size_t to, bool cut_before, bool cut_after,
                             F&& found) const {
  char key[2 * std::max(kReachBefore, kReachAfter) + 1];  // a word, or a pair with one blank between, in lower case
  const auto lower_into = [&](std::size_t size, std::string_view word) {
    for (const char c : word) key[size++] = to_lower(c);
    return size;
  };
  std::size_t at = from;
  if (cut_before) {
    while (at < to && is(text[at], kWordByte)) ++at;
  }
  std::string_view first;  // the word before, where it may be the first of a pair
  while (at < to) {
    if (!is(text[at], kWordByte)) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    // `accountNumber` is two words, as `account_number` is.
    std::uint8_t previous = kCapital;
    while (at < to && is(text[at], kWordByte)) {
      const std::uint8_t letter = letter_case(text[at]);
      if (letter == kCapital && previous == kSmall) break;
      previous = letter;
      ++at;
    }
    if (at == to && cut_after && at < text.size() && is(text[at], kWordByte)) return false;
    const std::string_view word = text.substr(begin, at - begin);
    if (word.size() > kLongestWord) {
      first = {};
      continue;
    }
    const std::size_t print = print_of(word);
    if (maybe_[print] && found_in(entries_, {key, lower_into(0, word)}, found)) return true;
    if (maybe_prefix_[letters_print(word)]) {
      const std::string_view lower(key, lower_into(0, word));
      for (std::size_t size = 3; size <= std::min<std::size_t>(word.size(), 31); ++size) {
        if (prefix_sizes_[size] && found_in(prefixes_, lower.substr(0, size), found)) return true;
      }
    }
    if (!first.empty()) {
      std::size_t size = lower_into(0, first);
      key[size++] = ' ';
      if (found_in(entries_, {key, lower_into(size, word)}, found)) return true;
    }
    first = maybe_first_[print] ? word : std::string_view{};
  }
  return false;
}

template <class F>
bool ContextWords::each_before(std::string_view text, std::size_t begin, F&& found) const {
  const std::size_t from = begin > kReachBefore ? begin - kReachBefore : 0;
  return each_word(text, from, begin, from > 0 && is(text[from - 1], kWordByte), false, found);
}

template <class F>
bool ContextWords::each_after(std::string_view text, std::size_t end, F&& found) const {
  return each_word(text, end, std::min(text.size(), end + kReachAfter), false, true, found);
}

void ContextWords::look(std::string_view text, std::size_t begin, std::size_t end, Nearby& nearby) const {
  const auto into = [](Nearby::Sets& sets) {
    sets.reset();
    return [&sets](const Entry& entry) {
      for (const std::uint16_t set : entry.sets) sets.set(set);
      return false;
    };
  };
  if (!nearby.known_before_ || nearby.begin_ != begin) {
    nearby.known_before_ = true;
    nearby.begin_ = begin;
    each_before(text, begin, into(nearby.before_));
  }
  if (!nearby.known_after_ || nearby.end_ != end) {
    nearby.known_after_ = true;
    nearby.end_ = end;
    each_after(text, end, into(nearby.after_));
  }
}

std::string_view ContextWords::word_of(std::string_view text, std::size_t begin, std::size_t end,
                                       std::uint16_t set) const {
  std::string_view out;
  const auto note = [&](const Entry& entry) {
    if (std::ranges::find(entry.sets, set) == entry.sets.end()) return false;
    out = entry.word;
    return true;
  };
  if (!each_before(text, begin, note)) each_after(text, end, note);
  return out;
}

}  // namespace redoubt::inspect::internal
