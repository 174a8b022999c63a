// Devices, vehicles, networks, travel documents, dates, telephones.
#include <algorithm>
#include <string>

#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"
#include "inspect/internal/top_domains.h"

namespace redoubt::inspect::internal {
namespace {

// Value of a character by 49 CFR 565.15 (c), table III.
int vin_value(char c) {
  if (is_digit(c)) return digit_value(c);
  constexpr int kValues[] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9};
  return kValues[c - 'A'];
}

// Data, and the digit after it.
bool icao_field(std::string_view line, std::size_t begin, std::size_t size) {
  const char check = line[begin + size];
  const int value = icao_check(line.substr(begin, size));
  return check == static_cast<char>('0' + value) || (check == '<' && value == 0);
}

int month_named(std::string_view text) {
  constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  const char name[3] = {to_lower(text[0]), to_lower(text[1]), to_lower(text[2])};
  const auto at = kMonths.find(std::string_view(name, 3));
  return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<int>(at / 3) + 1;
}

}  // namespace

bool is_imei(std::string_view text) {
  const Compact imei(text);
  return imei.size() == 15 && !uniform(imei.view()) && luhn(imei.view());
}

bool is_iccid(std::string_view text) {
  const Compact iccid(text);
  return iccid.from(0, 2) == "89" && luhn(iccid.view());
}

bool is_vin(std::string_view text) {
  const Compact vin(text);
  if (all_digits(vin.view())) return false;
  constexpr int kWeights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += vin_value(vin[i]) * kWeights[i];
  return vin[8] == (sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11));
}

bool is_ipv4(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  text = text.substr(0, slash);
  int parts = 0;
  int value = -1;
  for (const char c : text) {
    if (c == '.') {
      ++parts;
      value = -1;
      continue;
    }
    if (value == 0) return false;  // no leading zeros
    value = std::max(value, 0) * 10 + digit_value(c);
    if (value > 255) return false;
  }
  return parts == 3 && text != "0.0.0.0";
}

// RFC 4291 §2.2.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool shortened = false;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    shortened = true;
    at = 2;
  } else if (text.starts_with(':')) {
    return false;
  }
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    const std::string_view group = text.substr(at, end - at);
    if (group.find('.') != std::string_view::npos) {
      if (end != text.size() || !is_ipv4(group)) return false;
      groups += 2;
      break;
    }
    if (group.empty() || group.size() > 4) return false;
    if (!std::ranges::all_of(group, [](char c) { return is(c, kHexDigit); })) return false;
    ++groups;
    if (end == text.size()) break;
    at = end + 1;
    if (at < text.size() && text[at] == ':') {
      if (shortened) return false;
      shortened = true;
      ++at;
    } else if (at == text.size()) {
      return false;
    }
  }
  return shortened ? groups < 8 && groups > 0 : groups == 8;
}

bool is_mac(std::string_view text) {
  const Compact mac(text);
  return mac.view() != "FFFFFFFFFFFF" && mac.view() != "000000000000";
}

bool is_mrz(std::string_view text) {
  std::string lines;
  for (const char c : text) {
    if (c != '\n' && c != '\r' && c != ' ') lines += to_upper(c);
  }
  const std::string_view all(lines);
  if (all.size() == 90) {  // ICAO 9303-5, TD1
    const std::string_view second = all.substr(30, 30);
    const std::string composite = std::string(all.substr(5, 25)) + std::string(second.substr(0, 7)) +
                                  std::string(second.substr(8, 7)) + std::string(second.substr(18, 11));
    return icao_field(all, 5, 9) && icao_field(second, 0, 6) && icao_field(second, 8, 6) &&
           second[29] == static_cast<char>('0' + icao_check(composite));
  }
  if (all.size() != 72 && all.size() != 88) return false;
  // ICAO 9303-6, TD2; 9303-4, TD3
  const std::string_view second = all.substr(all.size() / 2);
  const std::string composite = std::string(second.substr(0, 10)) + std::string(second.substr(13, 7)) +
                                std::string(second.substr(21, second.size() - 22));
  return icao_field(second, 0, 9) && icao_field(second, 13, 6) && icao_field(second, 21, 6) &&
         second.back() == static_cast<char>('0' + icao_check(composite));
}

bool is_domain(std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  std::size_t label = 0;
  for (const char c : text) {
    label = c == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  if (text.front() == '-' || text.find("..") != std::string_view::npos || text.find("-.") != std::string_view::npos ||
      text.find(".-") != std::string_view::npos) {
    return false;
  }
  return is_top_domain(text.substr(dot + 1));
}

bool is_numeric_date(std::string_view text) {
  int parts[3] = {0, 0, 0};
  std::size_t sizes[3] = {0, 0, 0};
  std::size_t part = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      parts[part] = parts[part] * 10 + digit_value(c);
      ++sizes[part];
    } else if (++part == 3) {
      break;  // a time follows
    }
  }
  if (sizes[0] == 4) return parts[0] >= 1000 && is_date(parts[0], parts[1], parts[2]);
  if (sizes[2] == 4 && (parts[2] < 1000 || parts[2] > 2999)) return false;
  return is_date(parts[2], parts[1], parts[0]) || is_date(parts[2], parts[0], parts[1]);
}

bool is_iso_date(std::string_view text) {
  return is_date(static_cast<int>(number_of(text.substr(0, 4))), pair_at(text, 5), pair_at(text, 8));
}

bool is_named_date(std::string_view text) {
  int day = 0;
  int year = 0;
  int month = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (is_digit(text[at])) {
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      const auto value = static_cast<int>(number_of(text.substr(begin, std::min<std::size_t>(at - begin, 4))));
      (at - begin == 4 ? year : day) = value;
    } else if (is_letter(text[at])) {
      const std::size_t begin = at;
      while (at < text.size() && is_letter(text[at])) ++at;
      if (at - begin >= 3 && month == 0) month = month_named(text.substr(begin));
    } else {
      ++at;
    }
  }
  return month > 0 && (day == 0 || is_date(year == 0 ? 4 : year, month, day));
}

bool is_plain_phone(std::string_view text) {
  const std::string_view number = text.substr(0, std::min(text.find_first_of("xXe"), text.size()));
  const Compact phone(number);
  if (phone.size() < 7 || phone.size() > 15 || uniform(phone.view())) return false;
  return !std::string_view("01234567890").starts_with(phone.view());
}

bool is_international_phone(std::string_view text) {
  const Compact phone(text.substr(0, std::min(text.find_first_of("xXe"), text.size())));
  // E.164: a country code does not begin with zero, and no number has more than fifteen digits.
  const std::string_view digits = phone.view().starts_with("00") ? phone.from(2) : phone.view();
  return digits.size() >= 8 && digits.size() <= 15 && digits.front() != '0' && !uniform(digits);
}

}  // namespace redoubt::inspect::internal
