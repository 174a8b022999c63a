// VAT numbers of the member states of the European Union, of Northern Ireland, and of Great Britain, Norway and
// Switzerland, by the algorithms that the European Commission collected for VIES, and each state's own.
#include <algorithm>
#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {
namespace {

using Number = std::string_view;  // capitals and digits, without the prefix

int eleven_minus(int sum) {
  return 11 - sum % 11;
}

bool at(Number n) {
  if (n[0] != 'U') return false;
  const int sum = weighted_cross(n.substr(1), {1, 2, 1, 2, 1, 2, 1});
  return (10 - (sum + 4) % 10) % 10 == n[8] - '0';
}

bool be(Number n) {
  return n[0] <= '1' && 97 - number_of(n.substr(0, 8)) % 97 == number_of(n.substr(8));
}

bool bg(Number n) {
  if (n.size() == 9) {
    int rest = weighted(n, {1, 2, 3, 4, 5, 6, 7, 8}) % 11;
    if (rest == 10) rest = weighted(n, {3, 4, 5, 6, 7, 8, 9, 10}) % 11 % 10;
    return rest == n[8] - '0';
  }
  const int other = eleven_minus(weighted(n, {4, 3, 2, 7, 6, 5, 4, 3, 2})) % 11;
  return is_egn(n) || weighted(n, {21, 19, 17, 13, 11, 9, 7, 3, 1}) % 10 == n[9] - '0' || other == n[9] - '0';
}

bool cy(Number n) {
  constexpr int kOdd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
  int sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += i % 2 == 0 ? kOdd[n[i] - '0'] : n[i] - '0';
  return n[8] == static_cast<char>('A' + sum % 26) && n.substr(0, 2) != "12";
}

bool cz(Number n) {
  if (n.size() > 8) return is_rodne_cislo(n) || (n.size() == 9 && n[0] == '6');
  const int rest = eleven_minus(weighted(n, {8, 7, 6, 5, 4, 3, 2}));
  return n[0] != '9' && rest % 10 == n[7] - '0';
}

bool de(Number n) {
  return n[0] != '0' && mod_11_10(n);
}

bool dk(Number n) {
  return n[0] != '0' && weighted(n, {2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

bool ee(Number n) {
  return (10 - weighted(n, {3, 7, 1, 3, 7, 1, 3, 7}) % 10) % 10 == n[8] - '0';
}

bool es(Number n) {
  if (is_digit(n[0]) || (n[0] >= 'X' && n[0] <= 'Z')) return is_letter(n[8]) && all_digits(n.substr(1, 7)) && is_nif(n);
  if (std::string_view("KLM").find(n[0]) != std::string_view::npos) {
    return all_digits(n.substr(1, 7)) && is_letter(n[8]) && (is_cif(n) || is_nif("0" + std::string(n.substr(1))));
  }
  return all_digits(n.substr(1, 7)) && is_cif(n);
}

bool fi(Number n) {
  const int rest = weighted(n, {7, 9, 10, 5, 8, 4, 2}) % 11;
  return rest != 1 && (rest == 0 ? 0 : 11 - rest) == n[7] - '0';
}

bool fr(Number n) {
  const Number siren = n.substr(2);
  if (siren.substr(0, 3) != "000" && !luhn(siren)) return false;
  if (!all_digits(n.substr(0, 2))) return true;  // keys with letters have a rule that is not published
  return (12 + 3 * (number_of(siren) % 97)) % 97 == number_of(n.substr(0, 2));
}

bool hu(Number n) {
  return (10 - weighted(n, {9, 7, 3, 1, 9, 7, 3}) % 10) % 10 == n[7] - '0';
}

bool ie(Number n) {
  if (!is_digit(n[1])) {  // until 2013: the second character is a letter or a sign
    std::string moved = "0" + std::string(n.substr(2, 5)) + n[0] + n[7];
    return is_pps(moved);
  }
  return is_pps(n);
}

bool lt(Number n) {
  const std::size_t last = n.size() - 1;
  int first = 0;
  int second = 0;
  for (std::size_t i = 0; i < last; ++i) {
    first += (n[i] - '0') * static_cast<int>(1 + i % 9);
    second += (n[i] - '0') * static_cast<int>(1 + (i + 2) % 9);
  }
  const int rest = first % 11 == 10 ? second % 11 % 10 : first % 11;
  return n[last - 1] == '1' && rest == n[last] - '0';
}

bool lu(Number n) {
  return number_of(n.substr(0, 6)) % 89 == number_of(n.substr(6));
}

bool lv(Number n) {
  if (n[0] <= '3') return is_lv_code(n);
  const int rest = 3 - weighted(n, {9, 1, 4, 8, 3, 10, 2, 5, 7, 6}) % 11;
  return rest != -1 && (rest < -1 ? rest + 11 : rest) == n[10] - '0';
}

bool mt(Number n) {
  return 37 - weighted(n, {3, 4, 6, 7, 8, 9}) % 37 == pair_at(n, 6);
}

// Of a company its RSIN; of a person, since 2020, modulo 97 over the whole with its prefix.
bool nl(Number n) {
  if (n[9] != 'B') return false;
  return is_bsn(n.substr(0, 9)) || mod_97_10("NL" + std::string(n));
}

bool ro(Number n) {
  const std::string padded = std::string(10 - n.size(), '0') + std::string(n);
  return weighted(padded, {7, 5, 3, 2, 1, 7, 5, 3, 2}) * 10 % 11 % 10 == padded[9] - '0';
}

bool se(Number n) {
  return luhn(n.substr(0, 10)) && n.substr(10) >= "01" && n.substr(10) <= "94";
}

bool si(Number n) {
  const int rest = eleven_minus(weighted(n, {8, 7, 6, 5, 4, 3, 2}));
  return n[0] != '0' && rest != 11 && rest % 10 == n[7] - '0';
}

bool sk(Number n) {
  return number_of(n) % 11 == 0 && n[0] != '0' && std::string_view("234789").find(n[2]) != std::string_view::npos;
}

bool gb(Number n) {
  if (n.starts_with("GD") || n.starts_with("HA")) return true;  // government and health, without a check
  const int rest = weighted(n, {8, 7, 6, 5, 4, 3, 2}) + pair_at(n, 7);
  return rest % 97 == 0 || (rest + 55) % 97 == 0;
}

bool ch(Number n) {
  const int rest = eleven_minus(weighted(n.substr(1), {5, 4, 3, 2, 7, 6, 5, 4})) % 11;
  return n[0] == 'E' && rest == n[9] - '0';
}

bool no(Number n) {
  const int rest = eleven_minus(weighted(n, {3, 2, 7, 6, 5, 4, 3, 2})) % 11;
  return rest == n[8] - '0';
}

struct State {
  std::string_view prefix;
  bool (*check)(Number);
};
constexpr State kStates[] = {
    {"AT", at}, {"BE", be},     {"BG", bg},        {"CHE", ch}, {"CY", cy}, {"CZ", cz}, {"DE", de},     {"DK", dk},
    {"EE", ee}, {"EL", is_afm}, {"ES", es},        {"FI", fi},  {"FR", fr}, {"GB", gb}, {"GR", is_afm}, {"HR", is_oib},
    {"HU", hu}, {"IE", ie},     {"IT", is_it_vat}, {"LT", lt},  {"LU", lu}, {"LV", lv}, {"MT", mt},     {"NL", nl},
    {"NO", no}, {"PL", is_nip}, {"PT", is_pt_nif}, {"RO", ro},  {"SE", se}, {"SI", si}, {"SK", sk},     {"XI", gb},
};

}  // namespace

bool is_eu_vat(std::string_view text) {
  std::string all;
  for (const char c : text) {
    if (is_alnum(c)) all += to_upper(c);
  }
  const auto state = std::ranges::find_if(kStates, [&](const State& one) { return all.starts_with(one.prefix); });
  if (state == std::end(kStates)) return false;
  Number number = Number(all).substr(state->prefix == "CHE" ? 2 : state->prefix.size());
  if (state->prefix == "NO" && number.ends_with("MVA")) number.remove_suffix(3);
  return !number.empty() && state->check(number);
}

}  // namespace redoubt::inspect::internal
