// The one suite that is spoken here, and the integers of the wire.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace redoubt::ohttp::internal {

inline constexpr std::uint16_t kKem = 0x0020;   // DHKEM(X25519, HKDF-SHA256)
inline constexpr std::uint16_t kKdf = 0x0001;   // HKDF-SHA256
inline constexpr std::uint16_t kAead = 0x0002;  // AES-256-GCM

inline std::array<std::byte, 2> be16(std::uint16_t value) {
  std::array<std::byte, 2> out;
  store_be(out, value);
  return out;
}

// Integers of variable length (RFC 9000 §16): the first two bits say how many bytes, 1, 2, 4 or 8.
inline void append_varint(Bytes& out, std::uint64_t value) {
  const std::size_t log = value < (1U << 6) ? 0 : value < (1U << 14) ? 1 : value < (1U << 30) ? 2 : 3;
  std::array<std::byte, 8> bytes;
  store_be<std::uint64_t>(bytes, value << (64 - (8U << log)));
  bytes[0] |= static_cast<std::byte>(log << 6);
  append(out, ByteView(bytes).first(std::size_t{1} << log));
}

// Takes one from the front of `bytes`; nothing, and nothing taken, when they end within it. Longer forms of a value
// than it needs are as good.
inline std::optional<std::uint64_t> take_varint(ByteView& bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::size_t size = std::size_t{1} << (static_cast<unsigned>(bytes[0]) >> 6);
  if (bytes.size() < size) return std::nullopt;
  std::uint64_t value = static_cast<std::uint64_t>(bytes[0]) & 0x3f;
  for (std::size_t i = 1; i < size; ++i) value = (value << 8) | static_cast<std::uint64_t>(bytes[i]);
  bytes = bytes.subspan(size);
  return value;
}

}  // namespace redoubt::ohttp::internal
