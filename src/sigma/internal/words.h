// Texts as words of eight bytes, the first byte lowest: what tables are keyed by.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace redoubt::sigma::internal {

// Eight bytes from there.
inline std::uint64_t load_word(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}
inline void store_word(char* bytes, std::uint64_t word) {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  std::memcpy(bytes, &word, sizeof(word));
}

// The first bytes of a word, the others zero; `size` is at most 8.
inline std::uint64_t first_bytes(std::uint64_t word, std::size_t size) {
  return size >= 8 ? word : word & ((std::uint64_t{1} << (8 * size)) - 1);
}

// The word of a text that may end earlier, without reading past its end.
inline std::uint64_t word_of(std::string_view text) {
  const std::size_t size = text.size();
  const char* const bytes = text.data();
  if (size >= 8) return load_word(bytes);
  const auto byte = [&](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(bytes[at])}; };
  if (size >= 4) {  // two halves that may have bytes in common
    const auto half = [&](std::size_t at) {
      return byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    };
    return half(0) | half(size - 4) << (8 * (size - 4));
  }
  // The same for up to three bytes.
  return size == 0 ? 0 : byte(0) | byte(size / 2) << (8 * (size / 2)) | byte(size - 1) << (8 * (size - 1));
}

inline constexpr std::uint64_t kEachByte = 0x0101010101010101ULL;

// Letters of ASCII in lower case. Other bytes stay as they are.
inline std::uint64_t fold_word(std::uint64_t word) {
  const std::uint64_t low = word & (kEachByte * 0x7f);
  const std::uint64_t from_a = low + kEachByte * (0x80 - 'A');
  const std::uint64_t after_z = low + kEachByte * (0x7f - 'Z');
  return word | (((from_a & ~after_z & ~word) & (kEachByte * 0x80)) >> 2);
}

inline std::uint32_t mix(std::uint64_t word) {
  word *= 0x9e3779b97f4a7c15ULL;
  word ^= word >> 32;
  return static_cast<std::uint32_t>((word * 0xff51afd7ed558ccdULL) >> 32);
}

}  // namespace redoubt::sigma::internal
