// Keyed hashes of subjects: what tells meters apart.
//
// A polynomial over the field of 2^61 - 1, the text's 7-byte pieces as coefficients, evaluated at a secret point
// (Carter and Wegman's universal hashing): two given texts of n pieces collide with a probability of at most (n + 1) /
// 2^61 over the choice of the point, whoever chose them, as long as the point stays unknown. It is a hash for a table
// and protects nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "limits/internal/rule.h"

namespace redoubt::limits {

class SubjectHash {
 public:
  // Any two numbers; random ones, for what is said above to hold.
  explicit SubjectHash(const std::array<std::uint64_t, 2>& key) : point_(to_point(key[0])), factor_(to_point(key[1])) {}

  std::uint64_t subject(SubjectType type, std::string_view id) const {
    std::uint64_t hash = id.size() * kSubjectTypes + static_cast<std::uint64_t>(type) + 1;
    while (!id.empty()) {
      const std::size_t size = id.size() < 7 ? id.size() : 7;
      std::uint64_t piece = 0;
      std::memcpy(&piece, id.data(), size);
      hash = multiply_add(hash, point_, piece);
      id.remove_prefix(size);
    }
    return hash;
  }

  // A meter's key: the hash in the upper 61 bits, its kind in the lower 3.
  std::uint64_t meter(std::uint64_t subject, const Rule& rule) const {
    return multiply_add(subject, factor_, rule.shape) << 3 | static_cast<std::uint64_t>(rule.kind);
  }
  static MeterKind kind(std::uint64_t meter) { return static_cast<MeterKind>(meter & 7); }

  // Of any numbers, for telling whether stored ones are what was stored.
  std::uint64_t check(std::uint64_t a, std::uint64_t b, std::uint64_t c) const {
    std::uint64_t hash = 1;
    for (const std::uint64_t number : {a, b, c}) {
      hash = multiply_add(hash, point_, number & 0xffff'ffff);
      hash = multiply_add(hash, point_, number >> 32);
    }
    return multiply_add(hash, factor_, 0);
  }

 private:
  static constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;

  // 2 to kPrime - 1.
  static std::uint64_t to_point(std::uint64_t number) { return 2 + number % (kPrime - 2); }

  // (a · b + c) modulo kPrime. a and b are below it, c below 2^60.
  static std::uint64_t multiply_add(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b + c;
    const std::uint64_t folded =
        static_cast<std::uint64_t>(product & kPrime) + static_cast<std::uint64_t>(product >> 61);
    return folded >= kPrime ? folded - kPrime : folded;
  }

  std::uint64_t point_;
  std::uint64_t factor_;
};

}  // namespace redoubt::limits
