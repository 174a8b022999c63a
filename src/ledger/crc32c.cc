#include "ledger/internal/crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace redoubt::ledger::internal {

#if defined(__SSE4_2__)

std::uint32_t crc32c(std::uint32_t crc, ByteView bytes) {
  std::uint64_t state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto state32 = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) state32 = _mm_crc32_u8(state32, static_cast<std::uint8_t>(*at));
  return ~state32;
}

#else

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, ByteView bytes) {
  std::uint32_t state = ~crc;
  for (const std::byte b : bytes) state = (state >> 8) ^ kTable[(state ^ static_cast<std::uint8_t>(b)) & 0xff];
  return ~state;
}

#endif

}  // namespace redoubt::ledger::internal
