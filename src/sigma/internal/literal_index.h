// Which of many literals a text equals, begins with, ends with or contains.
//
// Equality is one lookup of the text's hash. Beginnings and ends are one lookup for each length that occurs, up to
// eight bytes, what is longer by its first or last eight. Literals inside are found by four of their bytes: of a text,
// every stride-th four are looked up, where the stride is as long as the shortest literal lets it be, and of each
// literal as many fours beside each other as a stride is long, so that one of them is always met.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/internal/folded_text.h"
#include "sigma/internal/words.h"

namespace redoubt::sigma::internal {

class LiteralIndex {
 public:
  enum class How : std::uint8_t { kEquals, kPrefix, kSuffix, kContains };
  // Any number of times, then build() once. Literals are not empty, unless they are for kEquals.
  void add(How how, std::string_view literal, std::uint32_t id);
  void build();

  bool empty() const { return literals_.empty(); }

  // Calls `take(id)` for each literal that the text has so, perhaps several times for one. The text has
  // FoldedText::kRoom around it.
  template <class Take>
  void find(std::string_view text, Take&& take) const;

 private:
  static constexpr std::size_t kGram = 4;
  static constexpr std::size_t kMaxStride = 8;
  static constexpr std::size_t kFilterBits = 1 << 13;
  static constexpr std::size_t kWord = 8;

  struct Literal {
    How how;
    std::uint32_t at;  // in texts_
    std::uint32_t size;
    std::uint32_t id;
  };
  // By open addressing: equal keys stand behind each other, and an empty cell ends them.
  struct Cell {
    std::uint32_t key = 0;
    std::uint32_t literal = kNone;
    std::uint32_t offset = 0;  // of the four bytes in the literal
  };
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Table {
    std::vector<Cell> cells;
    std::uint32_t mask = 0;
    void build(const std::vector<Cell>& filled);
    bool empty() const { return cells.empty(); }
    template <class Take>
    void each(std::uint32_t key, Take&& take) const {
      for (std::uint32_t at = key & mask; cells[at].literal != kNone; at = (at + 1) & mask) {
        if (cells[at].key == key) take(cells[at]);
      }
    }
  };

  std::string_view text_of(const Literal& literal) const {
    return std::string_view(texts_).substr(literal.at, literal.size);
  }
  static std::uint64_t length_bit(std::size_t size) { return std::uint64_t{1} << (size < 63 ? size : 63); }
  static std::uint32_t hash_text(std::string_view text) {
    std::uint64_t hash = text.size();
    while (text.size() > kWord) {
      hash = (hash ^ load_word(text.data())) * 0xff51afd7ed558ccdULL;
      hash ^= hash >> 32;
      text.remove_prefix(kWord);
    }
    // What follows a text in its room is not looked at.
    return mix(hash ^ first_bytes(load_word(text.data()), text.size()));
  }
  // Of the first or last bytes of a text, at most eight.
  static std::uint32_t hash_end(std::uint64_t word, std::size_t size) { return mix(word ^ (word >> 29) ^ size); }
  static std::uint32_t hash_gram(std::uint32_t gram) {
    gram *= 0x9e3779b1U;
    return gram ^ (gram >> 15);
  }
  static std::uint32_t gram_at(const char* bytes, std::size_t size) {
    return static_cast<std::uint32_t>(first_bytes(load_word(bytes), size));
  }
  void build_grams();
  template <class Take>
  void find_inside(std::string_view text, std::size_t size, std::size_t stride, Take&& take) const;

  std::vector<Literal> literals_;
  std::string texts_;
  Table equal_;
  std::uint64_t equal_lengths_ = 0;  // as bits; the last for all from 63 on
  Table prefix_;
  Table suffix_;
  std::uint32_t prefix_sizes_ = 0;  // as bits: at most eight
  std::uint32_t suffix_sizes_ = 0;
  Table grams_;
  std::vector<std::uint64_t> filter_;
  std::uint32_t gram_sizes_ = 0;  // as bits: below four, literals that are as short
  std::size_t stride_ = 1;
};

template <class Take>
void LiteralIndex::find(std::string_view text, Take&& take) const {
  if ((equal_lengths_ & length_bit(text.size())) != 0) {
    equal_.each(hash_text(text), [&](const Cell& cell) {
      const Literal& literal = literals_[cell.literal];
      if (text_of(literal) == text) take(literal.id);
    });
  }
  if (text.empty()) return;
  for (std::uint32_t sizes = prefix_sizes_; sizes != 0; sizes &= sizes - 1) {
    const auto size = static_cast<std::size_t>(std::countr_zero(sizes));
    if (text.size() < size) break;
    prefix_.each(hash_end(first_bytes(load_word(text.data()), size), size), [&](const Cell& cell) {
      const Literal& literal = literals_[cell.literal];
      if (text.starts_with(text_of(literal))) take(literal.id);
    });
  }
  for (std::uint32_t sizes = suffix_sizes_; sizes != 0; sizes &= sizes - 1) {
    const auto size = static_cast<std::size_t>(std::countr_zero(sizes));
    if (text.size() < size) break;
    const std::uint64_t word = load_word(text.data() + text.size() - kWord) >> (8 * (kWord - size));
    suffix_.each(hash_end(word, size), [&](const Cell& cell) {
      const Literal& literal = literals_[cell.literal];
      if (text.ends_with(text_of(literal))) take(literal.id);
    });
  }
  for (std::uint32_t sizes = gram_sizes_; sizes != 0; sizes &= sizes - 1) {
    const auto size = static_cast<std::size_t>(std::countr_zero(sizes));
    find_inside(text, size, size == kGram ? stride_ : 1, take);
  }
}

template <class Take>
void LiteralIndex::find_inside(std::string_view text, std::size_t size, std::size_t stride, Take&& take) const {
  const std::uint64_t* const filter = filter_.data();
  for (std::size_t at = 0; at + size <= text.size(); at += stride) {
    const std::uint32_t hash = hash_gram(gram_at(text.data() + at, size));
    const std::uint32_t bit = hash % kFilterBits;
    if (((filter[bit / 64] >> (bit % 64)) & 1) == 0) continue;
    grams_.each(hash, [&](const Cell& cell) {
      const Literal& literal = literals_[cell.literal];
      if (at >= cell.offset && text.substr(at - cell.offset).starts_with(text_of(literal))) take(literal.id);
    });
  }
}

}  // namespace redoubt::sigma::internal
