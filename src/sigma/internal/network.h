// Networks and addresses of IP (RFC 4632, RFC 4291). An IPv4-mapped IPv6 address is the IPv4 address (§2.5.5.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redoubt::sigma::internal {

struct Address {
  bool v4 = false;
  std::array<std::uint8_t, 16> bytes{};  // of IPv4 the first four
};
std::optional<Address> parse_address(std::string_view text);

struct Network {
  Address base;
  unsigned prefix = 0;
};
// `why` says what is wrong when there is none.
std::optional<Network> parse_network(std::string_view text, std::string& why);

}  // namespace redoubt::sigma::internal
