#include "inspect/internal/checksums.h"

#include <algorithm>
#include <cmath>

namespace redoubt::inspect::internal {

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, is_digit);
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t out = 0;
  for (const char c : digits) out = out * 10 + static_cast<std::uint64_t>(digit_value(c));
  return out;
}

bool uniform(std::string_view text) {
  return text.find_first_not_of(text.substr(0, 1)) == std::string_view::npos;
}

int weighted(std::string_view digits, std::initializer_list<int> weights) {
  int sum = 0;
  const char* digit = digits.data();
  for (const int weight : weights) sum += digit_value(*digit++) * weight;
  return sum;
}

int weighted_cross(std::string_view digits, std::initializer_list<int> weights) {
  int sum = 0;
  const char* digit = digits.data();
  for (const int weight : weights) {
    const int product = digit_value(*digit++) * weight;
    sum += product / 10 + product % 10;
  }
  return sum;
}

bool luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at) {
    int value = digit_value(*at);
    if (twice) value = value * 2 - (value > 4 ? 9 : 0);
    sum += value;
    twice = !twice;
  }
  return sum % 10 == 0;
}

bool verhoeff(std::string_view digits) {
  // Multiplication in the dihedral group of order 10, and the permutation that is applied again at each place.
  constexpr std::uint8_t kTimes[10][10] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
                                           {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
                                           {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
                                           {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
                                           {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
  constexpr std::uint8_t kPermuted[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  std::uint8_t sum = 0;
  int place = 0;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, ++place) {
    auto value = static_cast<std::uint8_t>(digit_value(*at));
    for (int i = 0; i < place % 8; ++i) value = kPermuted[value];
    sum = kTimes[sum][value];
  }
  return sum == 0;
}

bool mod_11_10(std::string_view digits) {
  int product = 10;
  for (std::size_t i = 0; i + 1 < digits.size(); ++i) {
    int sum = (digit_value(digits[i]) + product) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  return (product + digit_value(digits.back())) % 10 == 1;
}

bool mod_97_10(std::string_view text) {
  int rest = 0;
  for (const char c : text) {
    const int value = is_digit(c) ? digit_value(c) : to_upper(c) - 'A' + 10;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

int icao_check(std::string_view text) {
  constexpr int kWeights[] = {7, 3, 1};
  int sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int value = 0;
    if (is_digit(text[i])) value = digit_value(text[i]);
    if (is_letter(text[i])) value = to_upper(text[i]) - 'A' + 10;
    sum += value * kWeights[i % 3];
  }
  return sum % 10;
}

bool is_date(int year, int month, int day) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year < 100 || year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

double entropy_bits(std::string_view text) {
  if (text.empty()) return 0;
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  const auto size = static_cast<double>(text.size());
  for (const int count : counts) {
    if (count > 0) bits -= count / size * std::log2(count / size);
  }
  return bits;
}

}  // namespace redoubt::inspect::internal
