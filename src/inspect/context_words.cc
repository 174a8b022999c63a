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
std::size_t with_size(std::size_t letters, std::size_t size) {
  return (letters + size * 131U) % kPrints;
}

// What a word is made of.
enum WordByte : std::uint8_t { kPart = 1, kCapital = 2, kSmall = 4 };
constexpr std::array<std::uint8_t, 256> kWordBytes = [] {
  std::array<std::uint8_t, 256> out{};
  for (std::size_t c = 0; c < out.size(); ++c) {
    if ((kCharClasses[c] & kWordByte) != 0) out[c] = kPart;
    if (c >= 'A' && c <= 'Z') out[c] |= kCapital;
    if (c >= 'a' && c <= 'z') out[c] |= kSmall;
  }
  return out;
}();

std::uint8_t word_byte(char c) {
  return kWordBytes[static_cast<unsigned char>(c)];
}

// Whether a word goes on over the place.
bool in_word_at(std::string_view text, std::size_t at) {
  return at > 0 && at < text.size() && word_byte(text[at - 1]) != 0 && word_byte(text[at]) != 0;
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
  (first.size() == key.size() ? maybe_ : maybe_first_).set(with_size(letters_print(first), first.size()));
  Entry& entry = (prefix ? prefixes_ : entries_)[key];
  if (entry.word.empty()) entry.word = word;
  entry.sets.set(set);
}

// Appends what begins and ends in [from, to), where a word begins at `from`, or before it none ends. `first`: the word
// before `from`, where it may be the first of a pair; then the one before `to`. Returns `to`, or where the word begins
// that goes on behind it.
std::size_t ContextWords::find_words(std::string_view text, std::size_t from, std::size_t to, std::string_view& first,
                                     std::vector<Found>& out) const {
  char key[2 * kLongestWord + 1];  // a word, or a pair with one blank between, in lower case
  const auto lower_into = [&](std::size_t size, std::string_view word) {
    for (const char c : word) key[size++] = to_lower(c);
    return size;
  };
  std::size_t begin = 0;
  std::size_t at = from;
  const auto look_up = [&](const auto& entries, std::size_t size, std::size_t first_byte) {
    const auto entry = entries.find(std::string_view(key, size));
    if (entry != entries.end()) out.push_back({first_byte, at, &entry->second});
  };
  while (at < to) {
    if (word_byte(text[at]) == 0) {
      ++at;
      continue;
    }
    begin = at;
    // `accountNumber` is two words, as `account_number` is.
    std::uint8_t previous = 0;
    while (at < to) {
      const std::uint8_t kind = word_byte(text[at]);
      if (kind == 0 || ((kind & kCapital) != 0 && (previous & kSmall) != 0)) break;
      previous = kind;
      ++at;
    }
    if (at == to && in_word_at(text, at)) return begin;
    const std::string_view word = text.substr(begin, at - begin);
    if (word.size() > kLongestWord) {
      first = {};
      continue;
    }
    const std::size_t letters = letters_print(word);
    const std::size_t print = with_size(letters, word.size());
    if (maybe_[print]) look_up(entries_, lower_into(0, word), begin);
    if (maybe_prefix_[letters]) {
      lower_into(0, word);
      for (std::size_t size = 3; size <= std::min<std::size_t>(word.size(), 31); ++size) {
        if (prefix_sizes_[size]) look_up(prefixes_, size, begin);
      }
    }
    if (!first.empty()) {
      std::size_t size = lower_into(0, first);
      key[size++] = ' ';
      look_up(entries_, lower_into(size, word), static_cast<std::size_t>(first.data() - text.data()));
    }
    first = maybe_first_[print] ? word : std::string_view{};
  }
  return to;
}

// Sees to it that `nearby` has the words that lie in [from, to): goes on where it ended, if that is as near as a match
// is long, or begins anew.
void ContextWords::read(std::string_view text, std::size_t from, std::size_t to, Nearby& nearby) const {
  if (nearby.read_from_ == nearby.read_to_ || from < nearby.read_from_ || from > nearby.read_to_ + kReachBefore) {
    nearby.read_.clear();
    nearby.first_ = {};
    nearby.read_from_ = nearby.read_to_ = from;
    if (in_word_at(text, from)) {
      while (nearby.read_to_ < to && word_byte(text[nearby.read_to_]) != 0) ++nearby.read_to_;
    }
  }
  if (nearby.read_to_ < to) nearby.read_to_ = find_words(text, nearby.read_to_, to, nearby.first_, nearby.read_);
}

// Words in the kReachBefore bytes before `begin`; one that is cut there, at the far end, is none.
void ContextWords::look_before(std::string_view text, std::size_t begin, Nearby& nearby) const {
  nearby.before_.clear();
  std::size_t from = begin > kReachBefore ? begin - kReachBefore : 0;
  const auto skip_cut = [&] {
    if (!in_word_at(text, from)) return;
    while (from < begin && word_byte(text[from]) != 0) ++from;
  };
  if (in_word_at(text, begin)) {
    // The word that the place is in ends there, but for this place only.
    skip_cut();
    std::string_view first;
    std::vector<Found> found;
    find_words(text.substr(0, begin), from, begin, first, found);
    for (const Found& one : found) nearby.before_.push_back(one.entry);
    return;
  }
  read(text, from, begin, nearby);
  auto one = std::ranges::upper_bound(nearby.read_, from, {}, &Found::end);
  if (one == nearby.read_.end() || one->end > begin) return;
  skip_cut();
  for (; one != nearby.read_.end() && one->end <= begin; ++one) {
    if (one->begin >= from) nearby.before_.push_back(one->entry);
  }
}

// Words in the kReachAfter bytes from `end` on; one that goes on behind them is none.
void ContextWords::look_after(std::string_view text, std::size_t end, Nearby& nearby) const {
  nearby.after_.clear();
  const std::size_t to = std::min(text.size(), end + kReachAfter);
  if (in_word_at(text, end)) {
    // What is left of the word that the place is in begins there, but for this place only.
    std::string_view first;
    std::vector<Found> found;
    find_words(text, end, to, first, found);
    for (const Found& one : found) nearby.after_.push_back(one.entry);
    return;
  }
  read(text, end, to, nearby);
  const std::size_t last = in_word_at(text, to) ? to - 1 : to;
  for (auto one = std::ranges::upper_bound(nearby.read_, end, {}, &Found::end);
       one != nearby.read_.end() && one->end <= last; ++one) {
    if (one->begin >= end) nearby.after_.push_back(one->entry);
  }
}

void ContextWords::look(std::string_view text, std::size_t begin, std::size_t end, Nearby& nearby) const {
  if (!nearby.known_before_ || nearby.begin_ != begin) {
    nearby.known_before_ = true;
    nearby.begin_ = begin;
    look_before(text, begin, nearby);
  }
  if (!nearby.known_after_ || nearby.end_ != end) {
    nearby.known_after_ = true;
    nearby.end_ = end;
    look_after(text, end, nearby);
  }
}

}  // namespace redoubt::inspect::internal
