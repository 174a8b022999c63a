#include "sigma/internal/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace redoubt::sigma::internal {
namespace {

constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool bit(const Address& address, unsigned at) {
  return ((address.bytes[at / 8] >> (7 - at % 8)) & 1) != 0;
}

bool is_mapped(const Address& address) {
  return !address.v4 && std::equal(std::begin(kMapped), std::end(kMapped), address.bytes.begin());
}

Address unmapped(const Address& address) {
  Address out;
  out.v4 = true;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), out.bytes.begin());
  return out;
}

// Four decimal numbers up to 255 without leading zeros, as inet_pton takes them.
std::optional<Address> read_v4(std::string_view text) {
  Address out;
  out.v4 = true;
  std::size_t at = 0;
  for (std::size_t part = 0; part < 4; ++part) {
    if (part > 0 && (at == text.size() || text[at++] != '.')) return std::nullopt;
    unsigned value = 0;
    std::size_t digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits == 3 || (digits > 0 && value == 0)) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(text[at] - '0');
    }
    if (digits == 0 || value > 255) return std::nullopt;
    out.bytes[part] = static_cast<std::uint8_t>(value);
  }
  if (at != text.size()) return std::nullopt;
  return out;
}

// As written: a mapped address is not unmapped yet.
std::optional<Address> read_address(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return read_v4(text);
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof(buffer)) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (std::memchr(buffer, '\0', text.size()) != nullptr) return std::nullopt;
  Address out;
  if (inet_pton(AF_INET6, buffer, out.bytes.data()) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const auto out = read_address(text);
  return out && is_mapped(*out) ? unmapped(*out) : out;
}

std::optional<Network> parse_network(std::string_view text, std::string& why) {
  const std::string quoted = "`" + std::string(text) + "`";
  const std::size_t slash = text.find('/');
  const auto address = read_address(text.substr(0, slash));
  if (!address) {
    why = quoted + " is not a network as in `10.0.0.0/8` or `2001:db8::/32`";
    return std::nullopt;
  }
  const unsigned width = address->v4 ? 32 : 128;
  Network out{*address, width};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix);
    if (error != std::errc() || digits.empty() || end != digits.data() + digits.size() || out.prefix > width) {
      why = quoted + " has no prefix length from 0 to " + std::to_string(width);
      return std::nullopt;
    }
  }
  for (unsigned at = out.prefix; at < width; ++at) {
    if (bit(out.base, at)) {
      why = quoted + " has bits of a host: its address goes on after the prefix";
      return std::nullopt;
    }
  }
  if (is_mapped(out.base) && out.prefix >= 96) {
    out.base = unmapped(out.base);
    out.prefix -= 96;
  }
  return out;
}

}  // namespace redoubt::sigma::internal
