// Medical and insurance numbers.
#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {

bool is_npi(std::string_view text) {
  const Compact npi(text);
  return !uniform(npi.view()) && luhn("80840" + std::string(npi.view()));
}

bool is_dea(std::string_view text) {
  const Compact dea(text);
  const int sum = dea.digit(2) + dea.digit(4) + dea.digit(6) + 2 * (dea.digit(3) + dea.digit(5) + dea.digit(7));
  return sum % 10 == dea.digit(8) && !uniform(dea.from(2));
}

bool is_nhs(std::string_view text) {
  const Compact nhs(text);
  const int check = 11 - weighted(nhs.view(), {10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return check != 10 && check % 11 == nhs.digit(9) && !uniform(nhs.view());
}

bool is_lanr(std::string_view text) {
  const Compact lanr(text);
  return (10 - weighted(lanr.view(), {4, 9, 4, 9, 4, 9}) % 10) % 10 == lanr.digit(6) && !uniform(lanr.view());
}

bool is_kvnr(std::string_view text) {
  const Compact kvnr(text);
  const int letter = kvnr[0] - 'A' + 1;
  const char digits[] = {static_cast<char>('0' + letter / 10), static_cast<char>('0' + letter % 10)};
  const std::string all = std::string(digits, 2) + std::string(kvnr.from(1));
  return weighted_cross(all, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2}) % 10 == kvnr.digit(9);
}

bool is_au_medicare(std::string_view text) {
  const Compact medicare(text);
  return medicare[0] >= '2' && medicare[0] <= '6' &&
         weighted(medicare.view(), {1, 3, 7, 9, 1, 3, 7, 9}) % 10 == medicare.digit(8);
}

bool is_cns(std::string_view text) {
  const Compact cns(text);
  return weighted(cns.view(), {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0 && !uniform(cns.view());
}

}  // namespace redoubt::inspect::internal
