// Keyed mixing of 64 bits: spreads names over tables and counters so that nobody without the key can choose names that
// fall together. No cryptographic hash: results stay inside the process and its sealed snapshots.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace redoubt::behaviour {

using HashKey = std::array<std::uint64_t, 2>;

// The 128-bit product, folded: each bit of it depends on most bits of both.
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t keyed_mix(const HashKey& key, std::uint64_t value) {
  return fold_product(value ^ key[0], (value >> 32 | value << 32) + (key[1] | 1));
}

inline std::uint64_t keyed_hash(const HashKey& key, std::string_view text) {
  std::uint64_t hash = key[0] ^ (text.size() * 0x9e3779b97f4a7c15);
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = fold_product(hash ^ word, key[1] | 1);
    text.remove_prefix(8);
  }
  std::uint64_t word = 0;
  text.copy(reinterpret_cast<char*>(&word), sizeof word);
  hash = fold_product(hash ^ word, key[1] | 1);
  return fold_product(hash ^ key[0], 0xd6e8feb86659fd93);
}

}  // namespace redoubt::behaviour
