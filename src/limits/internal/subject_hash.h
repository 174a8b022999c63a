// Keyed hashes of subjects: what tells meters apart.
//
// A polynomial over the field of 2^61 - 1, the text's 7-byte pieces as coefficients, evaluated at a secret point and
// multiplied by a secret factor (Carter and Wegman's universal hashing). Of that, 58 bits are kept, so that 15
// differences of two values make a collision: two given texts of n pieces collide with a probability of at most (n +
// 15) / 2^61 over the choice of point and factor, whoever chose the texts, as long as both stay unknown. The factor is
// what makes any bits of it good for choosing a place in a table. It is a hash for a table and protects nothing else.
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

  // In the upper 58 bits; the others are zero.
  std::uint64_t subject(SubjectType type, std::string_view id) const {
    std::uint64_t hash = id.size() * kSubjectTypes + static_cast<std::uint64_t>(type) + 1;
    while (!id.empty()) {
      const std::size_t size = id.size() < 7 ? id.size() : 7;
      std::uint64_t piece = 0;
      std::memcpy(&piece, id.data(), size);
      hash = multiply_add(hash, point_, piece);
      id.remove_prefix(size);
    }
    return multiply_add(hash, factor_, 0) << kShapeBits;
  }

  // A meter's key: the subject's hash, and the rule's shape in the lower 6 bits.
  static std::uint64_t meter(std::uint64_t subject, const Rule& rule) { return subject | rule.shape; }
  static std::uint8_t shape(std::uint64_t meter) { return static_cast<std::uint8_t>(meter & ((1U << kShapeBits) - 1)); }
  // Of what was stored and may be anything.
  static bool is_meter(std::uint64_t number) { return shape(number) < kShapes; }
  // Of all meters of a subject the same number, spread evenly.
  static std::uint64_t place(std::uint64_t meter) { return meter >> kShapeBits; }

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
  static constexpr unsigned kShapeBits = 6;
  static_assert(kShapes <= 1U << kShapeBits);
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
