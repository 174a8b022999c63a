// National numbers of Europe.
#include <algorithm>
#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::string_view kNifLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

bool has_date(const Compact& code, std::size_t year, std::size_t month, std::size_t day) {
  return is_date(pair_at(code.view(), year), pair_at(code.view(), month), pair_at(code.view(), day));
}

}  // namespace

// HMRC, National Insurance Manual NIM39110.
bool is_nino(std::string_view text) {
  const Compact nino(text);
  constexpr std::string_view kUnused[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
  return std::ranges::find(kUnused, nino.from(0, 2)) == std::end(kUnused);
}

// Real Decreto 1553/2005; NIE: X, Y, Z stand for 0, 1, 2.
bool is_nif(std::string_view text) {
  const Compact nif(text);
  std::string digits(nif.from(0, nif.size() - 1));
  if (is_letter(digits.front())) digits.front() = static_cast<char>('0' + (digits.front() - 'X'));
  return all_digits(digits) && kNifLetters[number_of(digits) % 23] == nif.view().back() && number_of(digits) != 0;
}

// Orden EHA/451/2008.
bool is_cif(std::string_view text) {
  const Compact cif(text);
  int sum = 0;
  for (std::size_t i = 1; i <= 7; ++i) {
    const int value = cif.digit(i) * (i % 2 == 1 ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  const int check = (10 - sum % 10) % 10;
  return cif[8] == static_cast<char>('0' + check) || cif[8] == "JABCDEFGHI"[check];
}

// Decreto ministeriale 23/12/1976.
bool is_fiscal_code(std::string_view text) {
  const Compact code(text);
  constexpr int kOdd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int value = is_digit(code[i]) ? code.digit(i) : code[i] - 'A';
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  return code[15] == static_cast<char>('A' + sum % 26);
}

bool is_it_vat(std::string_view text) {
  const Compact vat(text);
  return luhn(vat.view()) && !uniform(vat.view());
}

// Ustawa o ewidencji ludności; months carry the century.
bool is_pesel(std::string_view text) {
  const Compact pesel(text);
  const int month = pair_at(pesel.view(), 2) % 20;
  if (!is_date(4, month, pair_at(pesel.view(), 4))) return false;
  return (10 - weighted(pesel.view(), {1, 3, 7, 9, 1, 3, 7, 9, 1, 3}) % 10) % 10 == pesel.digit(10);
}

bool is_nip(std::string_view text) {
  const Compact nip(text);
  return weighted(nip.view(), {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == nip.digit(9) && !uniform(nip.view());
}

// Digital and Population Data Services Agency, "The personal identity code".
bool is_hetu(std::string_view text) {
  const Compact hetu(text);
  std::string digits(hetu.from(0, 6));
  // The sign of the century is a letter or no letter.
  const std::string_view rest = hetu.view().substr(hetu.size() - 4);
  digits += rest.substr(0, 3);
  return has_date(hetu, 4, 2, 0) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[number_of(digits) % 31] == rest[3];
}

// Abgabenordnung §139b: of the first ten digits exactly one comes twice or three times.
bool is_de_tax_id(std::string_view text) {
  const Compact id(text);
  if (id[0] == '0' || !mod_11_10(id.view())) return false;
  int counts[10] = {};
  for (std::size_t i = 0; i < 10; ++i) ++counts[id.digit(i)];
  const auto repeated = std::ranges::count_if(counts, [](int count) { return count > 1; });
  return repeated == 1 && std::ranges::max(counts) <= 3;
}

// VKVV §4.
bool is_de_pension(std::string_view text) {
  const Compact number(text);
  const int letter = number[8] - 'A' + 1;
  std::string digits(number.from(0, 8));
  digits += static_cast<char>('0' + letter / 10);
  digits += static_cast<char>('0' + letter % 10);
  digits += number.from(9, 2);
  const int day = pair_at(digits, 2);
  if (pair_at(digits, 4) > 12 || pair_at(digits, 4) == 0 || (day > 31 && (day < 51 || day > 81)) || day == 0)
    return false;
  return weighted_cross(digits, {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1}) % 10 == number.digit(11);
}

// ICAO 9303-3 §4.9, over a serial number of nine characters.
bool is_de_document(std::string_view text) {
  const Compact document(text);
  if (!std::ranges::any_of(document.view(), is_digit)) return false;
  return document.size() < 10 || icao_check(document.from(0, 9)) == document.digit(9);
}

// Folkbokföringslagen §18; coordination numbers have 60 added to the day.
bool is_personnummer(std::string_view text) {
  const Compact number(text);
  const std::string_view ten = number.from(number.size() - 10);
  const int day = pair_at(ten, 4) > 60 ? pair_at(ten, 4) - 60 : pair_at(ten, 4);
  if (number.size() == 12 && number.from(0, 2) != "19" && number.from(0, 2) != "20" && number.from(0, 2) != "18") {
    return false;
  }
  return is_date(4, pair_at(ten, 2), day) && luhn(ten);
}

bool is_se_organisation(std::string_view text) {
  const Compact number(text);
  return number[2] >= '2' && luhn(number.view());
}

// Code de la sécurité sociale R114-26; Corsica's 2A and 2B count as 19 and 18.
bool is_nir(std::string_view text) {
  const Compact nir(text);
  std::string digits(nir.from(0, 13));
  if (digits[6] == 'B') digits.replace(5, 2, "18");
  if (digits[6] == 'A') digits.replace(5, 2, "19");
  const int month = pair_at(digits, 3);
  if (!all_digits(digits) || month == 0 || (month > 12 && month < 20)) return false;
  return 97 - number_of(digits) % 97 == number_of(nir.from(13));
}

bool is_siren(std::string_view text) {
  const Compact siren(text);
  return luhn(siren.view()) && !uniform(siren.view());
}

bool is_siret(std::string_view text) {
  const Compact siret(text);
  return luhn(siret.view()) && luhn(siret.from(0, 9)) && !uniform(siret.view());
}

bool is_bsn(std::string_view text) {
  const Compact bsn(text);
  return (weighted(bsn.view(), {9, 8, 7, 6, 5, 4, 3, 2}) - bsn.digit(8)) % 11 == 0 && !uniform(bsn.view());
}

bool is_be_national(std::string_view text) {
  const Compact number(text);
  const auto key = number_of(number.from(9));
  const auto first = number_of(number.from(0, 9));
  if (pair_at(number.view(), 2) % 20 > 12) return false;
  return 97 - first % 97 == key || 97 - (2'000'000'000 + first) % 97 == key;
}

bool is_pt_nif(std::string_view text) {
  const Compact nif(text);
  const int rest = weighted(nif.view(), {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return (rest < 2 ? 0 : 11 - rest) == nif.digit(8) && !uniform(nif.view());
}

// Act 133/2000 §13 (Czechia), 301/1995 §2 (Slovakia).
bool is_rodne_cislo(std::string_view text) {
  const Compact number(text);
  int month = pair_at(number.view(), 2);
  if (month > 50) month -= 50;
  if (month > 20) month -= 20;
  if (!is_date(4, month, pair_at(number.view(), 4))) return false;
  if (number.size() == 9) return pair_at(number.view(), 0) < 54 && number.from(6) != "000";
  const auto all = number_of(number.view());
  return all % 11 == 0 || (number_of(number.from(0, 9)) % 11 == 10 && number[9] == '0');
}

bool is_cnp(std::string_view text) {
  const Compact cnp(text);
  if (cnp[0] == '0' || !has_date(cnp, 1, 3, 5)) return false;
  const int rest = weighted(cnp.view(), {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9}) % 11;
  return (rest == 10 ? 1 : rest) == cnp.digit(12);
}

bool is_egn(std::string_view text) {
  const Compact egn(text);
  int month = pair_at(egn.view(), 2);
  if (month > 40) month -= 40;
  if (month > 20) month -= 20;
  if (!is_date(4, month, pair_at(egn.view(), 4))) return false;
  return weighted(egn.view(), {2, 4, 8, 5, 10, 9, 7, 3, 6}) % 11 % 10 == egn.digit(9);
}

bool is_oib(std::string_view text) {
  const Compact oib(text);
  return mod_11_10(oib.view()) && !uniform(oib.view());
}

// Numbers given out since 2007 have no check digit: the date alone speaks for it.
bool is_cpr(std::string_view text) {
  const Compact cpr(text);
  return has_date(cpr, 4, 2, 0);
}

bool is_fodselsnummer(std::string_view text) {
  const Compact number(text);
  int day = pair_at(number.view(), 0);
  int month = pair_at(number.view(), 2);
  if (day > 40) day -= 40;
  if (month > 80) month -= 80;
  if (month > 40) month -= 40;
  if (!is_date(4, month, day)) return false;
  const int first = (11 - weighted(number.view(), {3, 7, 6, 1, 8, 9, 4, 5, 2}) % 11) % 11;
  const int second = (11 - weighted(number.view(), {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11;
  return first == number.digit(9) && second == number.digit(10);
}

// Estonia and Lithuania alike.
bool is_isikukood(std::string_view text) {
  const Compact code(text);
  if (code[0] == '0' || code[0] > '8' || !has_date(code, 1, 3, 5)) return false;
  int rest = weighted(code.view(), {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}) % 11;
  if (rest == 10) rest = weighted(code.view(), {3, 4, 5, 6, 7, 8, 9, 1, 2, 3}) % 11 % 10;
  return rest == code.digit(10);
}

bool is_lv_code(std::string_view text) {
  const Compact code(text);
  if (code.from(0, 2) == "32") return true;  // since 2017 without a date
  if (!has_date(code, 4, 2, 0)) return false;
  return (1101 - weighted(code.view(), {1, 6, 3, 7, 9, 10, 5, 8, 4, 2})) % 11 % 10 == code.digit(10);
}

// Department of Social Protection; the second letter counts nine times, W as nothing.
bool is_pps(std::string_view text) {
  const Compact pps(text);
  int sum = weighted(pps.view(), {8, 7, 6, 5, 4, 3, 2});
  if (pps.size() == 9) sum += 9 * (pps[8] == 'W' ? 0 : pps[8] - 'A' + 1);
  return pps[7] == (sum % 23 == 0 ? 'W' : static_cast<char>('A' + sum % 23 - 1));
}

// EAN-13.
bool is_ahv(std::string_view text) {
  const Compact ahv(text);
  return (10 - weighted(ahv.view(), {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3}) % 10) % 10 == ahv.digit(12);
}

bool is_at_svnr(std::string_view text) {
  const Compact number(text);
  const int month = pair_at(number.view(), 6);
  if (month == 0 || month > 15 || pair_at(number.view(), 4) > 31 || number[0] == '0') return false;
  return weighted(number.view(), {3, 7, 9, 0, 5, 8, 4, 2, 1, 6}) % 11 == number.digit(3);
}

bool is_taj(std::string_view text) {
  const Compact taj(text);
  return weighted(taj.view(), {3, 7, 3, 7, 3, 7, 3, 7}) % 10 == taj.digit(8) && !uniform(taj.view());
}

bool is_afm(std::string_view text) {
  const Compact afm(text);
  return weighted(afm.view(), {256, 128, 64, 32, 16, 8, 4, 2}) % 11 % 10 == afm.digit(8) && !uniform(afm.view());
}

bool is_amka(std::string_view text) {
  const Compact amka(text);
  return has_date(amka, 4, 2, 0) && luhn(amka.view());
}

// The numbers of the states of former Yugoslavia.
bool is_emso(std::string_view text) {
  const Compact emso(text);
  if (!is_date(4, pair_at(emso.view(), 2), pair_at(emso.view(), 0))) return false;
  const int rest = weighted(emso.view(), {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return rest != 1 && (rest == 0 ? 0 : 11 - rest) == emso.digit(12);
}

bool is_kennitala(std::string_view text) {
  const Compact number(text);
  const int day = pair_at(number.view(), 0) > 40 ? pair_at(number.view(), 0) - 40 : pair_at(number.view(), 0);
  if (!is_date(4, pair_at(number.view(), 2), day)) return false;
  const int rest = weighted(number.view(), {3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return rest != 1 && (rest == 0 ? 0 : 11 - rest) == number.digit(8) &&
         (number[9] == '9' || number[9] == '0' || number[9] == '8');
}

bool is_rnokpp(std::string_view text) {
  const Compact number(text);
  const int sum = weighted(number.view(), {-1, 5, 7, 9, 4, 6, 10, 5, 7});
  return (sum % 11 + 11) % 11 % 10 == number.digit(9) && !uniform(number.view());
}

// Order of the Federal Tax Service MMV-7-6/435.
bool is_inn(std::string_view text) {
  const Compact inn(text);
  if (uniform(inn.view())) return false;
  if (inn.size() == 10) return weighted(inn.view(), {2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == inn.digit(9);
  return weighted(inn.view(), {7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == inn.digit(10) &&
         weighted(inn.view(), {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == inn.digit(11);
}

bool is_snils(std::string_view text) {
  const Compact snils(text);
  if (uniform(snils.from(0, 9))) return false;
  return weighted(snils.view(), {9, 8, 7, 6, 5, 4, 3, 2, 1}) % 101 % 100 == pair_at(snils.view(), 9);
}

bool is_tr_id(std::string_view text) {
  const Compact id(text);
  const int odd = weighted(id.view(), {1, 0, 1, 0, 1, 0, 1, 0, 1});
  const int even = weighted(id.view(), {0, 1, 0, 1, 0, 1, 0, 1, 0});
  const int tenth = ((odd * 7 - even) % 10 + 10) % 10;
  return id[0] != '0' && tenth == id.digit(9) && (odd + even + tenth) % 10 == id.digit(10);
}

}  // namespace redoubt::inspect::internal
