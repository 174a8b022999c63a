// Arithmetic that check digits are made of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {

// Letters and digits of a text, letters as capitals, up to 63 of them.
class Compact {
 public:
  explicit Compact(std::string_view text) {
    for (const char c : text) {
      if (is_alnum(c) && size_ < sizeof chars_) chars_[size_++] = to_upper(c);
    }
  }
  std::string_view view() const { return {chars_, size_}; }
  std::size_t size() const { return size_; }
  char operator[](std::size_t i) const { return chars_[i]; }
  int digit(std::size_t i) const { return chars_[i] - '0'; }
  std::string_view from(std::size_t begin, std::size_t count = std::string_view::npos) const {
    return view().substr(begin, count);
  }

 private:
  char chars_[64] = {};
  std::size_t size_ = 0;
};

bool all_digits(std::string_view text);
// The number that up to 18 digits write.
std::uint64_t number_of(std::string_view digits);
// Whether all characters are the same.
bool uniform(std::string_view text);

// Digit times weight, summed; as many as there are weights. Precondition: so many digits.
int weighted(std::string_view digits, std::initializer_list<int> weights);
// The same, of the products the sum of their digits.
int weighted_cross(std::string_view digits, std::initializer_list<int> weights);

// ISO/IEC 7812-1 Annex B.
bool luhn(std::string_view digits);
// Verhoeff 1969.
bool verhoeff(std::string_view digits);
// ISO/IEC 7064 MOD 11,10, and MOD 97-10 over letters and digits.
bool mod_11_10(std::string_view digits);
bool mod_97_10(std::string_view text);
// ICAO 9303-3 §4.9: weights 7, 3, 1. `text` without its check digit.
int icao_check(std::string_view text);

// The day exists. A year of two digits is of any century.
bool is_date(int year, int month, int day);
// Two digits at `at`.
inline int pair_at(std::string_view digits, std::size_t at) {
  return (digits[at] - '0') * 10 + (digits[at + 1] - '0');
}

// Bits for each character that the text would need if it were random with its own frequencies (Shannon).
double entropy_bits(std::string_view text);

}  // namespace redoubt::inspect::internal
