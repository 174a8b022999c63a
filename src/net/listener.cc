#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <string>

#include "net/http_server.h"

namespace redoubt::net {

namespace {

Error bind_error(std::string_view address, int errno_value) {
  const std::string what = "listen address `" + std::string(address) + "`";
  if (errno_value == EADDRINUSE) return {Errc::kUnavailable, what + " is in use"};
  if (errno_value == EADDRNOTAVAIL) return {Errc::kInvalidArgument, what + " is not an address of this machine"};
  return errno_error(what, errno_value);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view address) {
  const Error invalid(Errc::kInvalidArgument,
                      "listen address `" + std::string(address) + "` is not `host:port` with a numeric host");
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return invalid;
  std::string_view host = address.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  const std::string_view port_text = address.substr(colon + 1);
  ListenAddress out{.host = std::string(host)};
  const auto [end, port_error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), out.port);
  if (port_text.empty() || port_error != std::errc() || end != port_text.data() + port_text.size()) return invalid;
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(out.host, error);
  if (error || ip.is_v6() != brackets) return invalid;
  out.loopback = ip.is_loopback();
  out.unspecified = ip.is_unspecified();
  return out;
}

Result<UniqueFd> bind_tcp(std::string_view address) {
  const auto parsed = parse_listen_address(address);
  if (!parsed) return parsed.error();
  const auto ip = boost::asio::ip::make_address(parsed->host);
  const boost::asio::ip::tcp::endpoint endpoint(ip, parsed->port);
  UniqueFd fd(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd.valid()) return bind_error(address, errno);
  const int on = 1;
  // Linux hands TCP_NODELAY of the listener down to what it accepts: no system call for each connection.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      (ip.is_v6() && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
      ::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    return bind_error(address, errno);
  }
  return fd;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* name = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, name, &size) != 0) return 0;
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

}  // namespace redoubt::net
