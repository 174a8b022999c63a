// National numbers of Asia, the Pacific and Africa.
#include <algorithm>
#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {
namespace {

int letter_value(char c) {
  return c - 'A' + 10;
}

bool is_kr_number(const Compact& number, int base) {
  const int sum = weighted(number.view(), {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5});
  return ((base - sum % 11) % 11 + 11) % 11 % 10 == number.digit(12);
}

bool has_kr_date(const Compact& number) {
  return is_date(4, pair_at(number.view(), 2), pair_at(number.view(), 4));
}

}  // namespace

// UIDAI, "Aadhaar number": never begins with 0 or 1.
bool is_aadhaar(std::string_view text) {
  const Compact aadhaar(text);
  return aadhaar[0] >= '2' && verhoeff(aadhaar.view()) && !uniform(aadhaar.view());
}

bool is_in_pan(std::string_view text) {
  const Compact pan(text);
  return std::string_view("ABCFGHJLPTK").find(pan[3]) != std::string_view::npos && pan.from(5, 4) != "0000";
}

// GSTN; the check character is Luhn's, of base 36.
bool is_gstin(std::string_view text) {
  const Compact gstin(text);
  const int state = pair_at(gstin.view(), 0);
  if (state < 1 || (state > 38 && state != 97 && state != 99)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    const int value = (is_digit(gstin[i]) ? gstin.digit(i) : letter_value(gstin[i])) * (i % 2 == 0 ? 1 : 2);
    sum += value / 36 + value % 36;
  }
  const int check = (36 - sum % 36) % 36;
  return gstin[14] == static_cast<char>(check < 10 ? '0' + check : 'A' + check - 10);
}

// Numbers given out since October 2020 have no check digit, so one that does not hold is no reason against.
bool is_rrn(std::string_view text) {
  const Compact rrn(text);
  const bool of_resident = (rrn[6] >= '1' && rrn[6] <= '4') || rrn[6] == '9' || rrn[6] == '0';
  return of_resident && has_kr_date(rrn) && (text.find('-') != std::string_view::npos || is_kr_number(rrn, 11));
}

bool is_frn(std::string_view text) {
  const Compact frn(text);
  return frn[6] >= '5' && frn[6] <= '8' && has_kr_date(frn) &&
         (text.find('-') != std::string_view::npos || is_kr_number(frn, 13));
}

bool is_kr_brn(std::string_view text) {
  const Compact brn(text);
  const int sum = weighted(brn.view(), {1, 3, 7, 1, 3, 7, 1, 3, 5}) + brn.digit(8) * 5 / 10;
  return (10 - sum % 10) % 10 == brn.digit(9) && !uniform(brn.view());
}

bool is_thai_id(std::string_view text) {
  const Compact id(text);
  const int sum = weighted(id.view(), {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
  return id[0] != '0' && (11 - sum % 11) % 10 == id.digit(12) && !uniform(id.view());
}

bool is_nric(std::string_view text) {
  const Compact nric(text);
  int sum = weighted(nric.from(1), {2, 7, 6, 5, 4, 3, 2});
  if (nric[0] == 'T' || nric[0] == 'G') sum += 4;
  if (nric[0] == 'M') sum += 3;
  const std::string_view letters = nric[0] == 'S' || nric[0] == 'T' ? "JZIHGFEDCBA"
                                   : nric[0] == 'M'                 ? "XWUTRQPNJLK"
                                                                    : "XWUTRQPNMLK";
  return nric[8] == letters[static_cast<std::size_t>(sum % 11)];
}

// ACRA; the form alone of entities that are neither businesses nor companies.
bool is_uen(std::string_view text) {
  const Compact uen(text);
  if (uen.size() == 9) {
    return "XMKECAWLJDB"[weighted(uen.view(), {10, 4, 9, 3, 8, 2, 7, 1}) % 11] == uen[8];
  }
  if (!is_digit(uen[0])) return true;
  const auto year = number_of(uen.from(0, 4));
  return year >= 1800 && year < 2100 &&
         "ZKCMDNERGWH"[weighted(uen.view(), {10, 8, 6, 4, 9, 7, 5, 3, 1}) % 11] == uen[9];
}

// GB 11643-1999; ISO/IEC 7064 MOD 11-2.
bool is_cn_id(std::string_view text) {
  const Compact id(text);
  const auto year = static_cast<int>(number_of(id.from(6, 4)));
  if (year < 1850 || year > 2100 || !is_date(year, pair_at(id.view(), 10), pair_at(id.view(), 12))) return false;
  const int sum = weighted(id.view(), {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2});
  return "10X98765432"[sum % 11] == id[17];
}

bool is_my_number(std::string_view text) {
  const Compact number(text);
  const int rest = weighted(number.view(), {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return (rest < 2 ? 0 : 11 - rest) == number.digit(11) && !uniform(number.view());
}

bool is_tw_id(std::string_view text) {
  const Compact id(text);
  constexpr int kPlaces[] = {10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21,
                             22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33};
  const int place = kPlaces[id[0] - 'A'];
  const int sum = place / 10 + place % 10 * 9 + weighted(id.from(1), {8, 7, 6, 5, 4, 3, 2, 1, 1});
  return sum % 10 == 0;
}

bool is_hk_id(std::string_view text) {
  const Compact id(text);
  const std::size_t letters = is_letter(id[1]) ? 2 : 1;
  int sum = letters == 1 ? 36 * 9 : letter_value(id[0]) * 9;
  sum += letter_value(id[letters - 1]) * 8;
  sum += weighted(id.from(letters), {7, 6, 5, 4, 3, 2});
  const char last = id.view().back();
  sum += last == 'A' ? 10 : last - '0';
  return sum % 11 == 0;
}

bool is_my_nric(std::string_view text) {
  const Compact id(text);
  const int place = pair_at(id.view(), 6);
  if (place == 0 || (place >= 17 && place <= 20) || (place >= 69 && place <= 70)) return false;
  return is_date(4, pair_at(id.view(), 2), pair_at(id.view(), 4));
}

bool is_nik(std::string_view text) {
  const Compact id(text);
  const int province = pair_at(id.view(), 0);
  const int day = pair_at(id.view(), 6) > 40 ? pair_at(id.view(), 6) - 40 : pair_at(id.view(), 6);
  return province >= 11 && province <= 97 && is_date(4, pair_at(id.view(), 8), day) && id.from(12) != "0000";
}

bool is_il_id(std::string_view text) {
  const Compact id(text);
  return luhn(id.view()) && !uniform(id.view());
}

bool is_abn(std::string_view text) {
  const Compact abn(text);
  const int sum = weighted(abn.view(), {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19}) - 10;
  return abn[0] != '0' && sum % 89 == 0;
}

bool is_acn(std::string_view text) {
  const Compact acn(text);
  return (10 - weighted(acn.view(), {8, 7, 6, 5, 4, 3, 2, 1}) % 10) % 10 == acn.digit(8) && !uniform(acn.view());
}

bool is_tfn(std::string_view text) {
  const Compact tfn(text);
  if (uniform(tfn.view())) return false;
  if (tfn.size() == 8) return weighted(tfn.view(), {10, 7, 8, 4, 6, 3, 5, 1}) % 11 == 0;
  return weighted(tfn.view(), {1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0;
}

// Inland Revenue, "Resident withholding tax specification": a second row of weights when the first gives ten.
bool is_ird(std::string_view text) {
  const Compact ird(text);
  const std::string digits = std::string(9 - std::min<std::size_t>(ird.size(), 9), '0') + std::string(ird.view());
  const auto number = number_of(digits);
  if (number < 10'000'000 || number > 150'000'000) return false;
  int rest = weighted(digits, {3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  if (rest != 0) rest = 11 - rest;
  if (rest == 10) {
    rest = weighted(digits, {7, 4, 3, 2, 5, 2, 7, 6}) % 11;
    if (rest != 0) rest = 11 - rest;
  }
  return rest == digits[8] - '0';
}

bool is_za_id(std::string_view text) {
  const Compact id(text);
  return is_date(4, pair_at(id.view(), 2), pair_at(id.view(), 4)) && id[10] <= '2' && luhn(id.view());
}

}  // namespace redoubt::inspect::internal
