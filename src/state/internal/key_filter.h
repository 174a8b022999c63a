// Tells keys that are not among some, without looking at these: a Bloom filter.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace redoubt::state {

class KeyFilter {
 public:
  static std::uint64_t hash(std::string_view key) { return std::hash<std::string_view>()(key); }

  // Of the keys with these hashes. Takes two to four bytes a key.
  explicit KeyFilter(const std::vector<std::uint64_t>& hashes)
      : words_(std::bit_ceil(hashes.size() * kBitsOfKey / 64 + 1)) {
    for (const std::uint64_t hash : hashes) word(hash) |= mask(hash);
  }

  // False: the key is none of them. True of another key about once in a hundred times.
  bool may_have(std::string_view key) const {
    const std::uint64_t wanted = hash(key);
    return (words_[place(wanted)] & mask(wanted)) == mask(wanted);
  }

 private:
  static constexpr std::size_t kBitsOfKey = 16;

  // All bits of a key are in one word, so that it costs one look at memory.
  static std::uint64_t mask(std::uint64_t hash) {
    return std::uint64_t{1} << (hash & 63) | std::uint64_t{1} << (hash >> 6 & 63) |
           std::uint64_t{1} << (hash >> 12 & 63);
  }
  std::size_t place(std::uint64_t hash) const { return hash >> 18 & (words_.size() - 1); }
  std::uint64_t& word(std::uint64_t hash) { return words_[place(hash)]; }

  std::vector<std::uint64_t> words_;
};

}  // namespace redoubt::state
