// Words near a match that say what it is.
//
// A set of words is written `ssn|social security|steuernummer`: single words or pairs, in lower case, of any language.
// They are found as whole words, in any case, in the folded text, within kReachBefore bytes before a match and
// kReachAfter bytes after it. A word that ends in `*` also stands for those that begin with it.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inspect/internal/folded_text.h"

namespace redoubt::inspect::internal {

class ContextWords {
 public:
  static constexpr std::size_t kReachBefore = 96;
  static constexpr std::size_t kReachAfter = 48;
  static constexpr std::size_t kMaxSets = 512;
  static constexpr std::uint16_t kNoSet = 0xffff;

  explicit ContextWords(const FoldTable& table) : table_(table) {}

  // The set's number; the same for equal ones. kNoSet for none.
  std::uint16_t add(std::string_view words);

  class Nearby;
  // Fills `nearby`, but for what it says of the same place already: of matches that begin at one place, what is before
  // them is looked through once; and of places near each other, the words between them are.
  void look(std::string_view text, std::size_t begin, std::size_t end, Nearby& nearby) const;

 private:
  struct Entry {
    std::string word;  // as it is in its sets
    std::bitset<kMaxSets> sets;
  };
  // A word or pair of words of some set.
  struct Found {
    std::size_t begin;
    std::size_t end;
    const Entry* entry;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::size_t find_words(std::string_view text, std::size_t from, std::size_t to, std::string_view& first,
                         std::vector<Found>& out) const;
  void read(std::string_view text, std::size_t from, std::size_t to, Nearby& nearby) const;
  void look_before(std::string_view text, std::size_t begin, Nearby& nearby) const;
  void look_after(std::string_view text, std::size_t end, Nearby& nearby) const;
  void add_word(const std::string& spelling, std::string_view word, std::uint16_t set);

  const FoldTable& table_;
  std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> sets_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> prefixes_;
  std::bitset<32> prefix_sizes_;
  // Of each key the first letters and the length, so that most words need not be looked up; of each pair those of its
  // first word; and of each prefix the first letters.
  std::bitset<8192> maybe_;
  std::bitset<8192> maybe_first_;
  std::bitset<8192> maybe_prefix_;
};

// Which sets have a word near [begin, end) of a text.
class ContextWords::Nearby {
 public:
  bool has(std::uint16_t set) const { return entry_of(set) != nullptr; }
  // The first such word of a set, as it is in the set; empty when there is none. Valid as long as the sets.
  std::string_view word_of(std::uint16_t set) const {
    const Entry* entry = entry_of(set);
    return entry != nullptr ? std::string_view(entry->word) : std::string_view{};
  }
  // What is known is of another text.
  void forget() {
    known_before_ = known_after_ = false;
    read_from_ = read_to_ = 0;
    read_.clear();
  }

 private:
  friend class ContextWords;

  const Entry* entry_of(std::uint16_t set) const {
    for (const Entry* entry : before_) {
      if (entry->sets[set]) return entry;
    }
    for (const Entry* entry : after_) {
      if (entry->sets[set]) return entry;
    }
    return nullptr;
  }

  std::size_t begin_ = 0, end_ = 0;
  bool known_before_ = false, known_after_ = false;
  std::vector<const Entry*> before_, after_;  // in the order of the text
  // Of all words that lie in [read_from_, read_to_): those of some set, in the order of their ends. A word that only
  // its end lies in is none of them.
  std::size_t read_from_ = 0, read_to_ = 0;
  std::vector<Found> read_;
  std::string_view first_;  // the last word of them, where it may be the first of a pair
};

}  // namespace redoubt::inspect::internal
