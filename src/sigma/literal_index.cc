#include "sigma/internal/literal_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <utility>

namespace redoubt::sigma::internal {

std::uint32_t LiteralIndex::hash_text(std::string_view text) {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
    text.remove_prefix(8);
  }
  std::uint64_t word = 0;
  for (const char c : text) word = (word << 8) | static_cast<unsigned char>(c);
  hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
  return static_cast<std::uint32_t>(hash >> 32);
}

std::uint32_t LiteralIndex::hash_gram(const char* bytes, std::size_t size) {
  std::uint32_t gram = 0;
  if (size == kGram) {
    std::memcpy(&gram, bytes, kGram);
  } else {
    for (std::size_t i = 0; i < size; ++i) gram = (gram << 8) | static_cast<unsigned char>(bytes[i]);
  }
  gram *= 0x9e3779b1U;
  return gram ^ (gram >> 15);
}

void LiteralIndex::add(How how, std::string literal, std::uint32_t id) {
  literals_.push_back({how, std::move(literal), id});
}

void LiteralIndex::Table::build(const std::vector<std::uint32_t>& places, const std::vector<std::uint32_t>& hashes) {
  if (places.empty()) return;
  const std::size_t size = std::bit_ceil(places.size() * 2);
  mask = static_cast<std::uint32_t>(size - 1);
  buckets.resize(size);
  for (const std::uint32_t hash : hashes) ++buckets[hash & mask].count;
  std::uint32_t first = 0;
  for (Bucket& bucket : buckets) {
    bucket.first = first;
    first += std::exchange(bucket.count, 0);
  }
  order.resize(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    Bucket& bucket = buckets[hashes[i] & mask];
    order[bucket.first + bucket.count++] = places[i];
  }
}

void LiteralIndex::build() {
  struct Group {
    std::vector<std::uint32_t> places;
    std::vector<std::uint32_t> hashes;
    void put(std::uint32_t place, std::uint32_t hash) {
      places.push_back(place);
      hashes.push_back(hash);
    }
  };
  // How many literals have these four bytes: each is found by its rarest.
  std::map<std::uint32_t, std::size_t> uses;
  for (const Literal& literal : literals_) {
    if (literal.how != How::kContains) continue;
    for (std::size_t at = 0; at + kGram <= literal.text.size(); ++at)
      ++uses[hash_gram(literal.text.data() + at, kGram)];
  }
  Group equal, prefix, suffix, grams[kGram];
  for (std::uint32_t place = 0; place < literals_.size(); ++place) {
    Literal& literal = literals_[place];
    const std::string& text = literal.text;
    switch (literal.how) {
      case How::kEquals:
        equal.put(place, hash_text(text));
        equal_longest_ = std::max(equal_longest_, text.size());
        break;
      case How::kPrefix:
        prefix.put(place, static_cast<unsigned char>(text.front()));
        break;
      case How::kSuffix:
        suffix.put(place, static_cast<unsigned char>(text.back()));
        break;
      case How::kContains: {
        const std::size_t size = std::min(kGram, text.size());
        std::size_t rarest = text.size();
        for (std::size_t at = 0; size == kGram && at + size <= text.size(); ++at) {
          const std::size_t count = uses[hash_gram(text.data() + at, size)];
          if (rarest == text.size() || count < uses[hash_gram(text.data() + rarest, size)]) rarest = at;
        }
        literal.gram_at = rarest == text.size() ? 0 : static_cast<std::uint32_t>(rarest);
        grams[size - 1].put(place, hash_gram(text.data() + literal.gram_at, size));
        break;
      }
    }
  }
  equal_.build(equal.places, equal.hashes);
  prefix_.build(prefix.places, prefix.hashes);
  suffix_.build(suffix.places, suffix.hashes);
  for (std::size_t size = 1; size <= kGram; ++size) {
    const Group& group = grams[size - 1];
    grams_[size - 1].build(group.places, group.hashes);
    if (group.places.empty()) continue;
    filters_[size - 1].resize(kFilterBits / 64);
    for (const std::uint32_t hash : group.hashes) {
      const std::uint32_t bit = hash % kFilterBits;
      filters_[size - 1][bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
}

}  // namespace redoubt::sigma::internal
