#include <boost/asio/ip/address_v6.hpp>
#include <string>

#include "net/internal/field_syntax.h"

namespace redoubt::net::internal {

bool parse_authority(std::string_view text, Authority& out) {
  out = {};
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close > 46) return false;
    out.host = text.substr(1, close - 1);
    out.ipv6 = true;
    for (const char c : out.host) {
      if (!is_hex_digit(c) && c != ':' && c != '.') return false;
    }
    boost::system::error_code error;
    boost::asio::ip::make_address_v6(std::string(out.host), error);
    if (error) return false;
    rest = text.substr(close + 1);
  } else {
    const std::size_t end = text.find(':');
    out.host = text.substr(0, end);
    if (out.host.empty() || out.host.size() > 253) return false;
    for (const char c : out.host) {
      if (!is_digit(c) && !is_alpha(c) && c != '-' && c != '.' && c != '_') return false;
    }
    rest = end == std::string_view::npos ? std::string_view() : text.substr(end);
  }
  if (rest.empty()) return true;
  if (rest[0] != ':') return false;
  out.port = rest.substr(1);
  // `host:` with an empty port is legal in RFC 3986 and useless; two spellings of one host are a risk.
  unsigned number = 0;
  const auto [end, error] = std::from_chars(out.port.data(), out.port.data() + out.port.size(), number);
  return error == std::errc() && end == out.port.data() + out.port.size() && out.port.size() <= 5 && number >= 1 &&
         number <= 65535;
}

}  // namespace redoubt::net::internal
