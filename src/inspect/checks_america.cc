#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {
namespace {

int mod_11_check(int sum) {
  return sum % 11 < 2 ? 0 : 11 - sum % 11;
}

}  // namespace

// 20 CFR 422.103; numbers that were never assigned, and those printed on specimens.
bool is_ssn(std::string_view text) {
  const Compact ssn(text);
  const auto area = number_of(ssn.from(0, 3));
  if (area == 0 || area == 666 || area >= 900 || ssn.from(3, 2) == "00" || ssn.from(5) == "0000") return false;
  return !uniform(ssn.view()) && ssn.view() != "123456789" && ssn.view() != "078051120" && ssn.view() != "219099999";
}

bool is_itin(std::string_view text) {
  const Compact itin(text);
  const int group = pair_at(itin.view(), 3);
  return itin[0] == '9' && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                            (group >= 90 && group <= 92) || (group >= 94 && group <= 99));
}

bool is_sin(std::string_view text) {
  const Compact sin(text);
  return sin[0] != '0' && sin[0] != '8' && luhn(sin.view()) && !uniform(sin.view());
}

bool is_cpf(std::string_view text) {
  const Compact cpf(text);
  return !uniform(cpf.view()) && mod_11_check(weighted(cpf.view(), {10, 9, 8, 7, 6, 5, 4, 3, 2})) == cpf.digit(9) &&
         mod_11_check(weighted(cpf.view(), {11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == cpf.digit(10);
}

bool is_cnpj(std::string_view text) {
  const Compact cnpj(text);
  return !uniform(cnpj.view()) &&
         mod_11_check(weighted(cnpj.view(), {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == cnpj.digit(12) &&
         mod_11_check(weighted(cnpj.view(), {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == cnpj.digit(13);
}

bool is_curp(std::string_view text) {
  const Compact curp(text);
  if (!is_date(pair_at(curp.view(), 4), pair_at(curp.view(), 6), pair_at(curp.view(), 8))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    // The alphabet has Ñ between N and O.
    const int value = is_digit(curp[i]) ? curp.digit(i) : curp[i] - 'A' + 10 + (curp[i] > 'N' ? 1 : 0);
    sum += value * (18 - static_cast<int>(i));
  }
  return is_digit(curp[17]) && (10 - sum % 10) % 10 == curp.digit(17);
}

bool is_cuit(std::string_view text) {
  const Compact cuit(text);
  const int type = pair_at(cuit.view(), 0);
  if (type != 20 && (type < 23 || type > 27) && type != 30 && type != 33 && type != 34) return false;
  const int rest = 11 - weighted(cuit.view(), {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return (rest == 11 ? 0 : rest == 10 ? 9 : rest) == cuit.digit(10);
}

bool is_rut(std::string_view text) {
  const Compact rut(text);
  int sum = 0;
  int weight = 2;
  for (std::size_t i = rut.size() - 1; i-- > 0;) {
    if (!is_digit(rut[i])) return false;
    sum += rut.digit(i) * weight;
    weight = weight == 7 ? 2 : weight + 1;
  }
  const int rest = 11 - sum % 11;
  const char check = rest == 11 ? '0' : rest == 10 ? 'K' : static_cast<char>('0' + rest);
  return rut.view().back() == check && !uniform(rut.view());
}

}  // namespace redoubt::inspect::internal
