#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "net/http_client.h"
#include "net/internal/field_syntax.h"
#include "net/local_url.h"

namespace redoubt::net {

namespace {

constexpr std::size_t kMaxUrlBytes = 2048;

// pchar and `/` (RFC 3986 §3.3); a percent sign only before two hexadecimal digits.
bool is_path(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '%') {
      if (path.size() - i < 3 || !internal::is_hex_digit(path[i + 1]) || !internal::is_hex_digit(path[i + 2])) {
        return false;
      }
    } else if (!internal::is_digit(c) && !internal::is_alpha(c) &&
               std::string_view("-._~!$&'()*+,;=:@/").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<UpstreamUrl> UpstreamUrl::parse(std::string_view url) {
  const auto invalid = [](const char* reason) {
    return Error(Errc::kInvalidArgument, std::string("upstream URL ") + reason);
  };
  if (url.size() > kMaxUrlBytes) return invalid("is longer than 2048 bytes");
  UpstreamUrl out;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return invalid("has no `http://` or `https://`");
  const std::string_view scheme = url.substr(0, colon);
  if (internal::equals_ignoring_case(scheme, "https")) {
    out.tls = true;
  } else if (!internal::equals_ignoring_case(scheme, "http")) {
    return invalid("has a scheme other than `http` and `https`");
  }
  std::string_view rest = url.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return invalid("has a query or fragment");
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return invalid("has a user part");
  internal::Authority parsed;
  if (!internal::parse_authority(authority, parsed)) return invalid("has no proper host and port");
  out.host.assign(parsed.host);
  std::transform(out.host.begin(), out.host.end(), out.host.begin(), internal::to_lower);
  out.port = out.tls ? 443 : 80;
  if (!parsed.port.empty()) {
    std::from_chars(parsed.port.data(), parsed.port.data() + parsed.port.size(), out.port);
  }
  if (slash != std::string_view::npos) {
    std::string_view path = rest.substr(slash);
    if (!is_path(path)) return invalid("has a character in its path that must be percent-encoded");
    while (path.ends_with('/')) path.remove_suffix(1);
    out.base_path.assign(path);
  }
  return out;
}

UpstreamUrl local_url(std::string socket) {
  return {.tls = false, .host = std::move(socket), .port = 80, .base_path = {}};
}

bool is_local(const UpstreamUrl& url) {
  return url.host.starts_with('/');
}

bool UpstreamUrl::in_the_clear() const {
  if (tls || is_local(*this) || host == "localhost") return false;
  boost::system::error_code not_numeric;
  const auto address = boost::asio::ip::make_address(host, not_numeric);
  return not_numeric || !address.is_loopback();
}

}  // namespace redoubt::net
