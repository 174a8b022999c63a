#include "sigma/internal/literal_index.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>

namespace redoubt::sigma::internal {

void LiteralIndex::add(How how, std::string_view literal, std::uint32_t id) {
  literals_.push_back({how, static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(literal.size()), id});
  texts_ += literal;
}

void LiteralIndex::Table::build(const std::vector<Cell>& filled) {
  if (filled.empty()) return;
  cells.resize(std::bit_ceil(filled.size() * 2));
  mask = static_cast<std::uint32_t>(cells.size() - 1);
  for (const Cell& cell : filled) {
    std::uint32_t at = cell.key & mask;
    while (cells[at].literal != kNone) at = (at + 1) & mask;
    cells[at] = cell;
  }
}

void LiteralIndex::build_grams() {
  std::size_t shortest = std::numeric_limits<std::size_t>::max();
  std::map<std::uint32_t, std::size_t> uses;  // how many literals have these four bytes
  const auto gram_of = [&](const Literal& literal, std::size_t at) {
    return gram_at(texts_.data() + literal.at + at, std::min<std::size_t>(kGram, literal.size));
  };
  for (const Literal& literal : literals_) {
    if (literal.how != How::kContains || literal.size < kGram) continue;
    shortest = std::min<std::size_t>(shortest, literal.size);
    for (std::size_t at = 0; at + kGram <= literal.size; ++at) ++uses[gram_of(literal, at)];
  }
  // INVARIANT: of `stride_` fours beside each other in a literal, wherever it stands, a search meets one.
  if (shortest != std::numeric_limits<std::size_t>::max()) stride_ = std::min(shortest - kGram + 1, kMaxStride);
  std::vector<Cell> grams;
  filter_.assign(kFilterBits / 64, 0);
  for (std::uint32_t place = 0; place < literals_.size(); ++place) {
    const Literal& literal = literals_[place];
    if (literal.how != How::kContains) continue;
    const std::size_t size = std::min<std::size_t>(kGram, literal.size);
    gram_sizes_ |= 1U << size;
    const std::size_t count = size < kGram ? 1 : stride_;
    // Where those begin that the fewest literals have.
    std::size_t best = 0;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (std::size_t at = 0; size == kGram && at + count - 1 + kGram <= literal.size; ++at) {
      std::size_t sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += uses[gram_of(literal, at + i)];
      if (sum < least) {
        least = sum;
        best = at;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t hash = hash_gram(gram_of(literal, best + i));
      grams.push_back({hash, place, static_cast<std::uint32_t>(best + i)});
      const std::uint32_t bit = hash % kFilterBits;
      filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
  grams_.build(grams);
}

void LiteralIndex::build() {
  texts_.append(FoldedText::kRoom, '\0');  // words are read from it
  std::vector<Cell> equal, prefix, suffix;
  for (std::uint32_t place = 0; place < literals_.size(); ++place) {
    const Literal& literal = literals_[place];
    const std::string_view text = text_of(literal);
    const std::size_t size = std::min(text.size(), kWord);
    switch (literal.how) {
      case How::kEquals:
        equal.push_back({hash_text(text), place, 0});
        equal_lengths_ |= length_bit(text.size());
        break;
      case How::kPrefix:
        prefix.push_back({hash_end(word_of(text.substr(0, size)), size), place, 0});
        prefix_sizes_ |= 1U << size;
        break;
      case How::kSuffix:
        suffix.push_back({hash_end(word_of(text.substr(text.size() - size)), size), place, 0});
        suffix_sizes_ |= 1U << size;
        break;
      case How::kContains:
        break;
    }
  }
  equal_.build(equal);
  prefix_.build(prefix);
  suffix_.build(suffix);
  build_grams();
}

}  // namespace redoubt::sigma::internal
