#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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

// Removes a socket that nobody listens on any more. Of two processes that start at once on one path, the later one wins
// it; a lock of the folder they serve is what keeps them apart.
Result<> remove_left_socket(const std::string& path, const sockaddr* name, const std::string& what) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? Result<>() : errno_error(what, errno);
  if (!S_ISSOCK(status.st_mode)) return Error(Errc::kAlreadyExists, what + " is there and is not a socket");
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return errno_error(what, errno);
  if (::connect(probe.get(), name, sizeof(sockaddr_un)) == 0 || errno == EAGAIN) {
    return Error(Errc::kUnavailable, what + " is in use");
  }
  if (errno != ECONNREFUSED) return errno_error(what, errno);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(what, errno);
  return {};
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

Result<UniqueFd> bind_unix(const std::string& path, unsigned mode) {
  const std::string what = "listen path `" + path + "`";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Neither the abstract namespace, which has no owner and no mode, nor a path cut short.
  if (path.empty() || path.size() >= sizeof address.sun_path || path.find('\0') != std::string::npos) {
    return Error(Errc::kInvalidArgument, what + " must have 1 to 107 bytes");
  }
  path.copy(address.sun_path, path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (auto free = remove_left_socket(path, name, what); !free) return free.error();

  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error(what, errno);
  // Nobody can connect before listen(), so the mode is in force in time.
  if (::bind(fd.get(), name, sizeof address) != 0 || ::chmod(path.c_str(), mode) != 0) return bind_error(path, errno);
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
