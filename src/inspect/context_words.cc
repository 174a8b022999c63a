#include "inspect/internal/context_words.h"

#include <utf8proc.h>

#include <algorithm>

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

// Of the first three letters.
unsigned letters_print(std::string_view word) {
  const auto at = [&](std::size_t i) { return i < word.size() ? static_cast<unsigned char>(word[i]) : 0U; };
  return at(0) * 31U + at(1) * 1021U + at(2) * 4099U;
}

// And the length.
std::size_t print_of(std::string_view word) {
  return (letters_print(word) + static_cast<unsigned>(word.size()) * 131U) % 8192;
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
    maybe_prefix_.set(letters_print(key) % 8192);
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
  // Lower case, one blank between words, so that a pair is one key.
  char line[2 * std::max(kReachBefore, kReachAfter) + 2];
  std::size_t at = from;
  if (cut_before) {
    while (at < to && is(text[at], kWordByte)) ++at;
  }
  std::size_t size = 0;
  std::size_t previous = 0;
  bool starts_pair = false;  // the word before may be the first of a pair
  while (at < to) {
    if (!is(text[at], kWordByte)) {
      ++at;
      continue;
    }
    const std::size_t word = size;
    while (at < to && is(text[at], kWordByte)) {
      // `accountNumber` is two words, as `account_number` is.
      if (size > word && text[at] >= 'A' && text[at] <= 'Z' && text[at - 1] >= 'a' && text[at - 1] <= 'z') break;
      line[size++] = to_lower(text[at++]);
    }
    if (at == to && cut_after && at < text.size() && is(text[at], kWordByte)) return false;
    const std::string_view single(line + word, size - word);
    if (single.size() <= kLongestWord) {
      const std::size_t print = print_of(single);
      if (maybe_[print]) {
        if (const auto entry = entries_.find(single); entry != entries_.end() && found(entry->second)) return true;
      }
      if (maybe_prefix_[letters_print(single) % 8192]) {
        for (std::size_t n = 3; n <= std::min<std::size_t>(single.size(), 31); ++n) {
          if (!prefix_sizes_[n]) continue;
          const auto entry = prefixes_.find(single.substr(0, n));
          if (entry != prefixes_.end() && found(entry->second)) return true;
        }
      }
      if (starts_pair) {
        const auto entry = entries_.find(std::string_view(line + previous, size - previous));
        if (entry != entries_.end() && found(entry->second)) return true;
      }
      starts_pair = maybe_first_[print];
    } else {
      starts_pair = false;
    }
    previous = word;
    line[size++] = ' ';
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
