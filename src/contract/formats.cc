#include "contract/internal/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace redoubt::contract::internal {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Reads a text from its front.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_either(char a, char b) { return take(a) || take(b); }
  // Exactly `count` digits, as a number; -1 otherwise.
  int digits(std::size_t count) {
    if (rest_.size() < count ||
        !std::all_of(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count), is_digit)) {
      return -1;
    }
    int value = 0;
    for (; count > 0; --count) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  // As many as there are: whether there is one.
  bool some_digits() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(end);
    return end > 0;
  }

 private:
  std::string_view rest_;
};

// RFC 3339 §5.6.
bool full_date(Reader& in) {
  static constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = in.digits(4);
  if (year < 0 || !in.take('-')) return false;
  const int month = in.digits(2);
  if (month < 1 || month > 12 || !in.take('-')) return false;
  const int day = in.digits(2);
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day >= 1 && day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool full_time(Reader& in) {
  const int hour = in.digits(2);
  if (hour < 0 || hour > 23 || !in.take(':')) return false;
  const int minute = in.digits(2);
  if (minute < 0 || minute > 59 || !in.take(':')) return false;
  const int second = in.digits(2);
  if (second < 0 || second > 60) return false;
  if (in.take('.') && !in.some_digits()) return false;
  int offset_minutes = 0;
  if (!in.take_either('Z', 'z')) {
    const int sign = in.take('+') ? 1 : in.take('-') ? -1 : 0;
    if (sign == 0) return false;
    const int hours = in.digits(2);
    if (hours < 0 || hours > 23 || !in.take(':')) return false;
    const int minutes = in.digits(2);
    if (minutes < 0 || minutes > 59) return false;
    offset_minutes = sign * (hours * 60 + minutes);
  }
  if (second < 60) return true;
  // A leap second is the last of a day in UTC.
  constexpr int kDayMinutes = 24 * 60;
  return (hour * 60 + minute - offset_minutes + kDayMinutes) % kDayMinutes == kDayMinutes - 1;
}

bool is_date(std::string_view text) {
  Reader in(text);
  return full_date(in) && in.at_end();
}
bool is_time(std::string_view text) {
  Reader in(text);
  return full_time(in) && in.at_end();
}
bool is_date_time(std::string_view text) {
  Reader in(text);
  return full_date(in) && in.take_either('T', 't') && full_time(in) && in.at_end();
}

// RFC 3339 appendix A: weeks alone, or units in their order, none left out between two.
bool is_duration(std::string_view text) {
  Reader in(text);
  if (!in.take('P')) return false;
  const auto units = [&in](std::string_view order) {
    std::size_t next = 0;
    for (bool first = true;; first = false) {
      Reader ahead = in;
      if (!ahead.some_digits()) return !first;
      std::size_t unit = next;
      while (unit < order.size() && !ahead.take(order[unit])) ++unit;
      if (unit == order.size() || (!first && unit != next)) return false;
      in = ahead;
      next = unit + 1;
    }
  };
  if (in.take('T')) return units("HMS") && in.at_end();
  Reader weeks = in;
  if (weeks.some_digits() && weeks.take('W')) return weeks.at_end();
  if (!units("YMD")) return false;
  return in.at_end() || (in.take('T') && units("HMS") && in.at_end());
}

// RFC 1123 §2.1, RFC 1034 §3.5.
bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (;;) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_digit(c) || is_letter(c) || c == '-'; })) {
      return false;
    }
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, 16> address;
  return text.size() <= 45 && text.find('\0') == std::string_view::npos &&
         ::inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}
bool is_ipv4(std::string_view text) {
  return is_address(AF_INET, text);
}
bool is_ipv6(std::string_view text) {
  return is_address(AF_INET6, text);
}

// RFC 5321 §4.1.2, without quoted local parts and with IPv4 and IPv6 literals.
bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  const auto is_atom = [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  };
  if (!std::all_of(local.begin(), local.end(), is_atom)) return false;
  if (!domain.starts_with('[') || !domain.ends_with(']')) return is_hostname(domain);
  const std::string_view literal = domain.substr(1, domain.size() - 2);
  return literal.starts_with("IPv6:") ? is_ipv6(literal.substr(5)) : is_ipv4(literal);
}

// RFC 9562 §4.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : hex_digit(text[i]) < 0) return false;
  }
  return true;
}

// Whether all are unreserved, percent-encoded, sub-delims (RFC 3986 §2) or one of `others`.
bool all_of_uri(std::string_view text, std::string_view others) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return false;
      i += 2;
    } else if (!is_digit(c) && !is_letter(c) && std::string_view("-._~!$&'()*+,;=").find(c) == std::string_view::npos &&
               others.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_authority(std::string_view text) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!all_of_uri(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!all_of_uri(text.substr(0, colon), "")) return false;
    port = text.substr(colon);
  }
  return port.empty() || (port.front() == ':' && std::all_of(port.begin() + 1, port.end(), is_digit));
}

// What follows the scheme (RFC 3986 §3, §4.2).
bool is_after_scheme(std::string_view text) {
  const std::string_view fragment = text.substr(std::min(text.find('#'), text.size()));
  text.remove_suffix(fragment.size());
  if (!fragment.empty() && !all_of_uri(fragment.substr(1), ":@/?")) return false;
  const std::string_view query = text.substr(std::min(text.find('?'), text.size()));
  text.remove_suffix(query.size());
  if (!query.empty() && !all_of_uri(query.substr(1), ":@/?")) return false;
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find('/', 2), text.size());
    if (!is_authority(text.substr(2, end - 2))) return false;
    text.remove_prefix(end);
  }
  return all_of_uri(text, ":@/");
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return false;
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(),
                     [](char c) { return is_digit(c) || is_letter(c) || c == '+' || c == '-' || c == '.'; }) &&
         is_after_scheme(text.substr(colon + 1));
}

bool is_uri_reference(std::string_view text) {
  const std::size_t end = text.find_first_of(":/?#");
  return is_uri(text) || ((end == std::string_view::npos || text[end] != ':') && is_after_scheme(text));
}

// RFC 6901 §3.
bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

}  // namespace

Format format_named(std::string_view name) {
  static constexpr std::pair<std::string_view, Format> kFormats[] = {
      {"date", is_date},
      {"time", is_time},
      {"date-time", is_date_time},
      {"duration", is_duration},
      {"email", is_email},
      {"hostname", is_hostname},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"uri", is_uri},
      {"uri-reference", is_uri_reference},
      {"uuid", is_uuid},
      {"json-pointer", is_json_pointer},
  };
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return nullptr;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace redoubt::contract::internal
