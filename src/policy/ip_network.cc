#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "policy/internal/extension_types.h"

namespace redoubt::policy::internal {
namespace {

// `ABCD:EF01:2345:6789:ABCD:EF01:2345:6789/128`.
constexpr std::size_t kMaxBytes = 43;

using Address = std::array<std::uint8_t, 16>;

// Decimal, without leading zeros, at most `max`.
std::optional<std::uint8_t> parse_number(std::string_view text, int max) {
  if (!is_digits(text) || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  if (number > max) return std::nullopt;
  return static_cast<std::uint8_t>(number);
}

std::optional<Address> parse_v4(std::string_view text) {
  Address address{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parse_number(text.substr(0, end), 255);
    if (!number) return std::nullopt;
    address[i] = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return address;
}

// Groups of one to four hexadecimal digits between colons into `out`; how many. Nothing when there are more than
// eight, or something else.
std::optional<std::size_t> parse_groups(std::string_view text, std::array<std::uint16_t, 8>& out) {
  if (text.empty()) return 0;
  std::size_t count = 0;
  while (true) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (count == out.size() || end == 0 || end > 4) return std::nullopt;
    const auto read = std::from_chars(text.data(), text.data() + end, out[count], 16);
    if (read.ec != std::errc() || read.ptr != text.data() + end) return std::nullopt;
    ++count;
    if (end == text.size()) return count;
    text.remove_prefix(end + 1);
  }
}

// `::` stands for one group of zeros or more, once.
std::optional<Address> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  std::array<std::uint16_t, 8> head{};
  std::array<std::uint16_t, 8> tail{};
  const auto head_count = parse_groups(text.substr(0, gap), head);
  const auto tail_count =
      gap == std::string_view::npos ? std::optional<std::size_t>(0) : parse_groups(text.substr(gap + 2), tail);
  if (!head_count || !tail_count) return std::nullopt;
  const std::size_t count = *head_count + *tail_count;
  if (gap == std::string_view::npos ? count != 8 : count > 7) return std::nullopt;

  std::copy_n(tail.begin(), *tail_count, head.end() - static_cast<std::ptrdiff_t>(*tail_count));
  Address address{};
  for (std::size_t i = 0; i < 8; ++i) {
    address[2 * i] = static_cast<std::uint8_t>(head[i] >> 8);
    address[2 * i + 1] = static_cast<std::uint8_t>(head[i] & 0xff);
  }
  return address;
}

std::string print_v6(const Address& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = address[2 * i] << 8U | address[2 * i + 1];

  // RFC 5952 §4.2: the longest run of zeros, of two groups at least, the first of equals.
  std::size_t run = 8;
  std::size_t run_size = 1;
  for (std::size_t begin = 0; begin < 8; ++begin) {
    std::size_t end = begin;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - begin > run_size) {
      run = begin;
      run_size = end - begin;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == run) {
      out += "::";
      i += run_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    std::array<char, 4> digits{};
    out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), groups[i], 16).ptr);
  }
  return out;
}

std::uint8_t full_prefix(bool v6) {
  return v6 ? 128 : 32;
}

}  // namespace

Read<IpNetwork> parse_ip(std::string_view text) {
  if (text.size() > kMaxBytes) return tl::unexpected<std::string_view>("it is too long");
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);

  IpNetwork network;
  network.v6 = address.find(':') != std::string_view::npos;
  if (network.v6 && address.find('.') != std::string_view::npos) {
    return tl::unexpected<std::string_view>("IPv4 addresses within IPv6 addresses are not accepted");
  }
  const auto parsed = network.v6 ? parse_v6(address) : parse_v4(address);
  if (!parsed) return tl::unexpected<std::string_view>("an IPv4 or IPv6 address is needed");
  network.address = *parsed;
  network.prefix = full_prefix(network.v6);
  if (slash == std::string_view::npos) return network;

  const auto prefix = parse_number(text.substr(slash + 1), network.prefix);
  if (!prefix) {
    return tl::unexpected<std::string_view>(network.v6 ? "the prefix must be from 0 to 128, without leading zeros"
                                                       : "the prefix must be from 0 to 32, without leading zeros");
  }
  network.prefix = *prefix;
  return network;
}

std::string print_ip(const IpNetwork& network) {
  std::string out;
  if (network.v6) {
    out = print_v6(network.address);
  } else {
    for (std::size_t i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(network.address[i]);
  }
  if (network.prefix != full_prefix(network.v6)) out += "/" + std::to_string(network.prefix);
  return out;
}

bool is_in_range(const IpNetwork& network, const IpNetwork& range) {
  if (network.v6 != range.v6 || network.prefix < range.prefix) return false;
  const std::size_t whole = range.prefix / 8;
  const unsigned rest = range.prefix % 8;
  return std::memcmp(network.address.data(), range.address.data(), whole) == 0 &&
         (rest == 0 || (network.address[whole] ^ range.address[whole]) >> (8 - rest) == 0);
}

bool is_loopback(const IpNetwork& network) {
  static constexpr IpNetwork kV4{{127}, 8, false};
  static constexpr IpNetwork kV6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, true};
  return is_in_range(network, network.v6 ? kV6 : kV4);
}

bool is_multicast(const IpNetwork& network) {
  static constexpr IpNetwork kV4{{224}, 4, false};
  static constexpr IpNetwork kV6{{0xff}, 8, true};
  return is_in_range(network, network.v6 ? kV6 : kV4);
}

}  // namespace redoubt::policy::internal
