// SipHash-2-4 with 128 bits: for tables whose keys strangers choose. J.-P. Aumasson and D. J. Bernstein, "SipHash: a
// fast short-input PRF" (2012), and the reference code's 128-bit variant. No protection of anything rests on it but
// that nobody without the key can make two texts alike.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace redoubt::sigma::internal {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

using HashKey = std::array<std::uint8_t, 16>;

class SipHash {
 public:
  explicit SipHash(const HashKey& key) {
    std::memcpy(&k0_, key.data(), 8);
    std::memcpy(&k1_, key.data() + 8, 8);
  }

  Hash128 operator()(std::string_view text) const {
    State s{0x736f6d6570736575ULL ^ k0_, 0x646f72616e646f6dULL ^ k1_ ^ 0xee, 0x6c7967656e657261ULL ^ k0_,
            0x7465646279746573ULL ^ k1_};
    const std::uint64_t length = static_cast<std::uint64_t>(text.size()) << 56;
    while (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      s.absorb(word);
      text.remove_prefix(8);
    }
    std::uint64_t last = length;
    for (std::size_t i = 0; i < text.size(); ++i)
      last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
    s.absorb(last);
    s.v2 ^= 0xee;
    for (int i = 0; i < 4; ++i) s.round();
    Hash128 out;
    out.low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= 0xdd;
    for (int i = 0; i < 4; ++i) s.round();
    out.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return out;
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;
    void round() {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) {
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    }
  };
  std::uint64_t k0_ = 0;
  std::uint64_t k1_ = 0;
};

}  // namespace redoubt::sigma::internal
