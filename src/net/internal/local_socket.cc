#include "net/internal/local_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

namespace redoubt::net::internal {

Result<UniqueFd> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path || path.find('\0') != std::string::npos) {
    return Error(Errc::kInvalidArgument, "the path of a socket must have 1 to 107 bytes");
  }
  path.copy(address.sun_path, path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error("cannot make a socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error(Errc::kUnavailable, errno_error("connecting to the socket", errno).message());
  }
  return fd;
}

}  // namespace redoubt::net::internal
