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

  // Which sets have a word near [begin, end) of `text`.
  class Nearby {
   public:
    bool has(std::uint16_t set) const { return before_[set] || after_[set]; }
    // What is known is of another text.
    void forget() { known_before_ = known_after_ = false; }

   private:
    friend class ContextWords;
    using Sets = std::bitset<kMaxSets>;
    Sets before_, after_;
    std::size_t begin_ = 0, end_ = 0;
    bool known_before_ = false, known_after_ = false;
  };
  // Fills `nearby`, but for what it says of the same place already: of matches that begin at one place, what is before
  // them is looked through once.
  void look(std::string_view text, std::size_t begin, std::size_t end, Nearby& nearby) const;
  // The first such word of a set, as it is in the set; for explaining.
  std::string_view word_of(std::string_view text, std::size_t begin, std::size_t end, std::uint16_t set) const;

 private:
  struct Entry {
    std::string word;
    std::vector<std::uint16_t> sets;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  template <class F>
  bool each_word(std::string_view text, std::size_t from, std::size_t to, bool cut_before, bool cut_after,
                 F&& found) const;
  template <class F>
  bool each_before(std::string_view text, std::size_t begin, F&& found) const;
  template <class F>
  bool each_after(std::string_view text, std::size_t end, F&& found) const;
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

}  // namespace redoubt::inspect::internal
