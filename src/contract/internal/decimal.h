// Numbers of JSON as decimals: digits × 10^exponent, so that 0.3 is three times 0.1.
#pragma once

#include <simdjson.h>

#include <compare>
#include <cstdint>
#include <optional>

namespace redoubt::contract::internal {

// A value. Any number that encoding::JsonReader accepts: integers of 64 bits exactly, others as the shortest decimal
// that reads as the same double, which is how it was written if that took no more than 15 digits.
class Decimal {
 public:
  static Decimal of(std::uint64_t magnitude, bool negative = false);
  static Decimal of(std::int64_t value);
  static Decimal of(double finite);
  static std::optional<Decimal> of(simdjson::dom::element json);  // nothing when it is no number

  bool is_integer() const { return exponent_ >= 0; }
  bool is_positive() const { return digits_ != 0 && !negative_; }
  // Precondition: divisor.is_positive(). Exactly.
  bool is_multiple_of(const Decimal& divisor) const;
  std::uint64_t hash() const;  // equal for equal ones

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

 private:
  Decimal(std::uint64_t digits, int exponent, bool negative);

  // INVARIANT: digits_ does not end in 0, and zero is 0 × 10^0, not negative. So equal numbers are equal members.
  std::uint64_t digits_;
  int exponent_;
  bool negative_;
};

}  // namespace redoubt::contract::internal
