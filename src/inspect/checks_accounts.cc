// Cards, bank accounts, securities, wallets.
#include <algorithm>
#include <array>
#include <cstring>

#include "crypto/sha256.h"
#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"

namespace redoubt::inspect::internal {
namespace {

struct CardRange {
  int first, last;        // of the first six digits
  int shortest, longest;  // digits
};
// ISO/IEC 7812-1 assigns the first digits to networks; lengths as the networks publish them.
constexpr CardRange kCardRanges[] = {
    {400000, 499999, 13, 19},                            // Visa; 13, 16 and 19 only, see below
    {510000, 559999, 16, 16}, {222100, 272099, 16, 16},  // Mastercard
    {340000, 349999, 15, 15}, {370000, 379999, 15, 15},  // American Express
    {300000, 305999, 14, 19}, {309500, 309599, 14, 19}, {360000, 369999, 14, 19}, {380000, 399999, 14, 19},  // Diners
    {601100, 601199, 16, 19}, {644000, 659999, 16, 19},                                                      // Discover
    {352800, 358999, 16, 19},                                                                                // JCB
    {620000, 629999, 16, 19}, {810000, 819999, 16, 19},                                                      // UnionPay
    {500000, 509999, 12, 19}, {560000, 589999, 12, 19}, {600000, 600999, 16, 19}, {630000, 639999, 12, 19},
    {670000, 679999, 12, 19},                            // Maestro, Elo, Verve and others on their ranges
    {220000, 220499, 16, 19},                            // Mir
    {180000, 180099, 15, 15}, {213100, 213199, 15, 15},  // JCB, the old ranges
};

struct IbanForm {
  char country[3];
  const char* form;  // after the check digits: a count and its class, n digits, a capitals, c either
};
// SWIFT, IBAN Registry (ISO 13616-1): the BBAN structure of each country. Ascending.
constexpr IbanForm kIbans[] = {
    {"AD", "8n12c"},   {"AE", "19n"},    {"AL", "8n16c"},    {"AT", "16n"},      {"AZ", "4a20c"},    {"BA", "16n"},
    {"BE", "12n"},     {"BG", "4a6n8c"}, {"BH", "4a14c"},    {"BI", "23n"},      {"BR", "23n1a1c"},  {"BY", "4c4n16c"},
    {"CH", "5n12c"},   {"CR", "18n"},    {"CY", "8n16c"},    {"CZ", "20n"},      {"DE", "18n"},      {"DJ", "23n"},
    {"DK", "14n"},     {"DO", "4c20n"},  {"EE", "16n"},      {"EG", "25n"},      {"ES", "20n"},      {"FI", "14n"},
    {"FK", "2a12n"},   {"FO", "14n"},    {"FR", "10n11c2n"}, {"GB", "4a14n"},    {"GE", "2a16n"},    {"GI", "4a15c"},
    {"GL", "14n"},     {"GR", "7n16c"},  {"GT", "20c"},      {"HN", "4a20n"},    {"HR", "17n"},      {"HU", "24n"},
    {"IE", "4a14n"},   {"IL", "19n"},    {"IQ", "4a15n"},    {"IS", "22n"},      {"IT", "1a10n12c"}, {"JO", "4a4n18c"},
    {"KW", "4a22c"},   {"KZ", "3n13c"},  {"LB", "4n20c"},    {"LC", "4a24c"},    {"LI", "5n12c"},    {"LT", "16n"},
    {"LU", "3n13c"},   {"LV", "4a13c"},  {"LY", "21n"},      {"MC", "10n11c2n"}, {"MD", "20c"},      {"ME", "18n"},
    {"MK", "3n10c2n"}, {"MN", "16n"},    {"MR", "23n"},      {"MT", "4a5n18c"},  {"MU", "4a19n3a"},  {"NI", "4a20n"},
    {"NL", "4a10n"},   {"NO", "11n"},    {"OM", "3n16c"},    {"PK", "4a16c"},    {"PL", "24n"},      {"PS", "4a21c"},
    {"PT", "21n"},     {"QA", "4a21c"},  {"RO", "4a16c"},    {"RS", "18n"},      {"RU", "14n15c"},   {"SA", "2n18c"},
    {"SC", "4a20n3a"}, {"SD", "14n"},    {"SE", "20n"},      {"SI", "15n"},      {"SK", "20n"},      {"SM", "1a10n12c"},
    {"SO", "19n"},     {"ST", "21n"},    {"SV", "4a20n"},    {"TL", "19n"},      {"TN", "20n"},      {"TR", "6n16c"},
    {"UA", "6n19c"},   {"VA", "18n"},    {"VG", "4a16n"},    {"XK", "16n"},      {"YE", "4a4n18c"},
};

bool has_form(std::string_view text, std::string_view form) {
  while (!form.empty()) {
    std::size_t count = 0;
    while (is_digit(form.front())) {
      count = count * 10 + static_cast<std::size_t>(digit_value(form.front()));
      form.remove_prefix(1);
    }
    if (text.size() < count) return false;
    const char type = form.front();
    form.remove_prefix(1);
    for (const char c : text.substr(0, count)) {
      if ((type == 'n' && !is_digit(c)) || (type == 'a' && !is_letter(c))) return false;
    }
    text.remove_prefix(count);
  }
  return text.empty();
}

int base58_value(char c) {
  constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  const auto at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// BIP 173.
std::uint32_t bech32_polymod(std::uint32_t sum, std::uint32_t value) {
  constexpr std::uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  const std::uint32_t top = sum >> 25;
  sum = ((sum & 0x1ffffff) << 5) ^ value;
  for (std::uint32_t i = 0; i < 5; ++i) sum ^= ((top >> i) & 1) != 0 ? kGenerator[i] : 0;
  return sum;
}

}  // namespace

bool is_card(std::string_view text) {
  const Compact card(text);
  const auto size = static_cast<int>(card.size());
  if (size < 12 || size > 19 || !luhn(card.view()) || uniform(card.view())) return false;
  const auto first = static_cast<int>(number_of(card.from(0, 6)));
  if (card[0] == '4' && size != 13 && size != 16 && size != 19) return false;
  return std::ranges::any_of(kCardRanges, [&](const CardRange& range) {
    return first >= range.first && first <= range.last && size >= range.shortest && size <= range.longest;
  });
}

bool is_iban(std::string_view text) {
  const Compact iban(text);
  if (iban.size() < 15 || iban.size() > 34) return false;
  const auto* const form = std::ranges::lower_bound(kIbans, iban.from(0, 2), {},
                                                    [](const IbanForm& one) { return std::string_view(one.country); });
  if (form == std::end(kIbans) || iban.from(0, 2) != form->country) return false;
  if (!has_form(iban.from(4), form->form)) return false;
  const std::string moved = std::string(iban.from(4)) + std::string(iban.from(0, 4));
  return mod_97_10(moved);
}

bool is_aba(std::string_view text) {
  const Compact aba(text);
  const int first = pair_at(aba.view(), 0);
  const bool assigned = first <= 12 || (first >= 21 && first <= 32) || (first >= 61 && first <= 72) || first == 80;
  return assigned && !uniform(aba.view()) && weighted(aba.view(), {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}

bool is_base58_address(std::string_view text) {
  std::array<std::uint8_t, 25> bytes{};
  for (const char c : text) {
    int carry = base58_value(c);
    if (carry < 0) return false;
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
      carry += *byte * 58;
      *byte = static_cast<std::uint8_t>(carry & 0xff);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  const auto view = ByteView(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
  const auto once = crypto::sha256(view.first(21));
  const auto twice = crypto::sha256(ByteView(reinterpret_cast<const std::byte*>(once.data()), once.size()));
  return std::memcmp(twice.data(), bytes.data() + 21, 4) == 0;
}

bool is_bech32_address(std::string_view text) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  const auto separator = text.rfind('1');
  if (separator == std::string_view::npos || separator == 0 || text.size() - separator < 7) return false;
  const bool has_lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool has_upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (has_lower && has_upper) return false;
  std::uint32_t sum = 1;
  for (const char c : text.substr(0, separator))
    sum = bech32_polymod(sum, static_cast<std::uint32_t>(to_lower(c)) >> 5);
  sum = bech32_polymod(sum, 0);
  for (const char c : text.substr(0, separator))
    sum = bech32_polymod(sum, static_cast<std::uint32_t>(to_lower(c)) & 31);
  for (const char c : text.substr(separator + 1)) {
    const auto value = kAlphabet.find(to_lower(c));
    if (value == std::string_view::npos) return false;
    sum = bech32_polymod(sum, static_cast<std::uint32_t>(value));
  }
  return sum == 1 || sum == 0x2bc830a3;  // BIP 173; BIP 350, bech32m
}

bool is_ethereum_address(std::string_view text) {
  return !uniform(text.substr(2)) && entropy_bits(text.substr(2)) > 2.5;
}

bool is_lei(std::string_view text) {
  const Compact lei(text);
  return mod_97_10(lei.view()) && !all_digits(lei.view());
}

bool is_isin(std::string_view text) {
  const Compact isin(text);
  std::string digits;
  for (const char c : isin.view()) {
    digits += is_digit(c) ? std::string(1, c) : std::to_string(c - 'A' + 10);
  }
  return luhn(digits);
}

bool is_clabe(std::string_view text) {
  const Compact clabe(text);
  int sum = 0;
  constexpr int kWeights[] = {3, 7, 1};
  for (std::size_t i = 0; i < 17; ++i) sum += clabe.digit(i) * kWeights[i % 3] % 10;
  return !uniform(clabe.view()) && (10 - sum % 10) % 10 == clabe.digit(17);
}

bool is_cbu(std::string_view text) {
  const Compact cbu(text);
  return !uniform(cbu.view()) && (10 - weighted(cbu.view(), {7, 1, 3, 9, 7, 1, 3}) % 10) % 10 == cbu.digit(7) &&
         (10 - weighted(cbu.from(8), {3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3}) % 10) % 10 == cbu.digit(21);
}

}  // namespace redoubt::inspect::internal
