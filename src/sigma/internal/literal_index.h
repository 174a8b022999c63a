// Which of many literals a text equals, begins with, ends with or contains: equality by one lookup, the rest by one
// pass in which four bytes at a time are looked up among those that some literal has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redoubt::sigma::internal {

class LiteralIndex {
 public:
  enum class How : std::uint8_t { kEquals, kPrefix, kSuffix, kContains };
  // Any number of times, then build() once. Literals are not empty, unless they are for kEquals.
  void add(How how, std::string literal, std::uint32_t id);
  void build();

  bool empty() const { return literals_.empty(); }

  // Calls `take(id)` for each literal that the text has so, perhaps several times for one.
  template <class Take>
  void find(std::string_view text, Take&& take) const;

 private:
  struct Literal {
    How how;
    std::string text;
    std::uint32_t id;
    std::uint32_t gram_at = 0;  // of kContains: where in the literal the bytes stand that it is found by
  };
  static constexpr std::size_t kGram = 4;
  static constexpr std::size_t kFilterBits = 1 << 13;

  static std::uint32_t hash_text(std::string_view text);
  static std::uint32_t hash_gram(const char* bytes, std::size_t size);
  struct Bucket {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  // From a hash to literals; `order` holds their places, those of one hash together.
  struct Table {
    std::vector<Bucket> buckets;
    std::vector<std::uint32_t> order;
    std::uint32_t mask = 0;
    void build(const std::vector<std::uint32_t>& places, const std::vector<std::uint32_t>& hashes);
    bool empty() const { return order.empty(); }
    Bucket at(std::uint32_t hash) const { return buckets[hash & mask]; }
  };

  std::vector<Literal> literals_;
  Table equal_;
  std::size_t equal_longest_ = 0;
  Table prefix_;        // by the first byte
  Table suffix_;        // by the last byte
  Table grams_[kGram];  // of 1, 2, 3 and 4 bytes
  std::vector<std::uint64_t> filters_[kGram];
};

template <class Take>
void LiteralIndex::find(std::string_view text, Take&& take) const {
  if (!equal_.empty() && text.size() <= equal_longest_) {
    const Bucket bucket = equal_.at(hash_text(text));
    for (std::uint32_t i = 0; i < bucket.count; ++i) {
      const Literal& literal = literals_[equal_.order[bucket.first + i]];
      if (literal.text == text) take(literal.id);
    }
  }
  if (text.empty()) return;
  if (!prefix_.empty()) {
    const Bucket bucket = prefix_.at(static_cast<unsigned char>(text.front()));
    for (std::uint32_t i = 0; i < bucket.count; ++i) {
      const Literal& literal = literals_[prefix_.order[bucket.first + i]];
      if (text.starts_with(literal.text)) take(literal.id);
    }
  }
  if (!suffix_.empty()) {
    const Bucket bucket = suffix_.at(static_cast<unsigned char>(text.back()));
    for (std::uint32_t i = 0; i < bucket.count; ++i) {
      const Literal& literal = literals_[suffix_.order[bucket.first + i]];
      if (text.ends_with(literal.text)) take(literal.id);
    }
  }
  for (std::size_t size = 1; size <= kGram; ++size) {
    const Table& table = grams_[size - 1];
    if (table.empty() || text.size() < size) continue;
    const std::uint64_t* const filter = filters_[size - 1].data();
    for (std::size_t at = 0; at + size <= text.size(); ++at) {
      const std::uint32_t hash = hash_gram(text.data() + at, size);
      const std::uint32_t bit = hash % kFilterBits;
      if (((filter[bit / 64] >> (bit % 64)) & 1) == 0) continue;
      const Bucket bucket = table.at(hash);
      for (std::uint32_t i = 0; i < bucket.count; ++i) {
        const Literal& literal = literals_[table.order[bucket.first + i]];
        if (at >= literal.gram_at && text.substr(at - literal.gram_at).starts_with(literal.text)) take(literal.id);
      }
    }
  }
}

}  // namespace redoubt::sigma::internal
