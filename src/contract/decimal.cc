#include "contract/internal/decimal.h"

#include <charconv>

namespace redoubt::contract::internal {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kMostDigits = 20;  // of 2^64 - 1

std::uint64_t power_of_ten(int exponent) {  // at most 19
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

int digit_count(std::uint64_t digits) {
  int count = 1;
  for (; digits >= 10; digits /= 10) ++count;
  return count;
}

}  // namespace

Decimal::Decimal(std::uint64_t digits, int exponent, bool negative)
    : digits_(digits), exponent_(exponent), negative_(negative) {
  if (digits_ == 0) {
    exponent_ = 0;
    negative_ = false;
    return;
  }
  for (; digits_ % 10 == 0; digits_ /= 10) ++exponent_;
}

Decimal Decimal::of(std::uint64_t magnitude, bool negative) {
  return {magnitude, 0, negative};
}

Decimal Decimal::of(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return {value < 0 ? 0 - bits : bits, 0, value < 0};
}

Decimal Decimal::of(double finite) {
  char text[32];  // `-1.2345678901234567e-308`
  const char* const end = std::to_chars(text, text + sizeof text, finite, std::chars_format::scientific).ptr;
  std::uint64_t digits = 0;
  int exponent = 0;
  bool fraction = false;
  const bool negative = *text == '-';
  for (const char* at = text + (negative ? 1 : 0); at != end; ++at) {
    if (*at == '.') {
      fraction = true;
    } else if (*at == 'e') {
      int written = 0;
      std::from_chars(at[1] == '+' ? at + 2 : at + 1, end, written);
      exponent += written;
      break;
    } else {
      digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
      if (fraction) --exponent;
    }
  }
  return {digits, exponent, negative};
}

std::optional<Decimal> Decimal::of(simdjson::dom::element json) {
  switch (json.type()) {
    case simdjson::dom::element_type::INT64:
      return of(json.get_int64().value_unsafe());
    case simdjson::dom::element_type::UINT64:
      return of(json.get_uint64().value_unsafe());
    case simdjson::dom::element_type::DOUBLE:
      return of(json.get_double().value_unsafe());
    default:
      return std::nullopt;
  }
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
  int shift = exponent_ - divisor.exponent_;
  if (shift < 0) {
    // digits_ must hold every factor of divisor.digits_ × 10^-shift. As it does not end in 0, only zero does.
    return digits_ == 0;
  }
  Wide rest = digits_ % divisor.digits_;
  for (; shift > 0 && rest != 0; --shift) rest = rest * 10 % divisor.digits_;
  return rest == 0;
}

std::uint64_t Decimal::hash() const {
  return (digits_ ^ (static_cast<std::uint64_t>(exponent_) << 40) ^ (negative_ ? 1 : 0)) * 0x9e37'79b9'7f4a'7c15U;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (negative_ != other.negative_) return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  const bool swap = negative_;
  const Decimal& a = swap ? other : *this;  // the order of magnitudes
  const Decimal& b = swap ? *this : other;
  if (a.digits_ == 0 || b.digits_ == 0) return a.digits_ <=> b.digits_;
  const int a_digits = digit_count(a.digits_);
  const int b_digits = digit_count(b.digits_);
  if (a_digits + a.exponent_ != b_digits + b.exponent_) return a_digits + a.exponent_ <=> b_digits + b.exponent_;
  // The same order of magnitude: with equally many digits they compare as integers, which have kMostDigits at most.
  static_assert(kMostDigits == 20);
  const Wide left = static_cast<Wide>(a.digits_) * (b_digits > a_digits ? power_of_ten(b_digits - a_digits) : 1);
  const Wide right = static_cast<Wide>(b.digits_) * (a_digits > b_digits ? power_of_ten(a_digits - b_digits) : 1);
  return left < right   ? std::strong_ordering::less
         : left > right ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

}  // namespace redoubt::contract::internal
