#include "base/pass_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace redoubt {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int));

Result<> send_fd(int socket, int fd) {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[kControlBytes] = {};
  msghdr message{.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) return {};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS) {
    return Error(Errc::kResourceExhausted, "the receiver takes no files");
  }
  if (errno == EPIPE || errno == ECONNRESET) return Error(Errc::kUnavailable, "the receiver is gone");
  return errno_error("cannot send a file", errno);
}

// The next descriptor; kNotFound when none waits.
Result<UniqueFd> receive_fd(int socket) {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[kControlBytes];
  msghdr message{.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Error(Errc::kNotFound, "no file was sent");
  if (n < 0) return errno_error("cannot receive a file", errno);
  if (n == 0) return Error(Errc::kNotFound, "no file was sent, and none will be");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(int))) {
    return Error(Errc::kMalformed, "a message without a file");
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

Result<Bytes> read_all(int fd, std::uint64_t limit) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return errno_error("cannot examine a file that was sent", errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > limit) return Error(Errc::kTooLarge, "a file that was sent has more bytes than " + std::to_string(limit));
  Bytes content(size);
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read a file that was sent", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  content.resize(done);
  return content;
}

}  // namespace

Result<> send_file(int socket, const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return errno_error("cannot open `" + path + "`", errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return errno_error("cannot examine `" + path + "`", errno);
  if (!S_ISREG(info.st_mode)) return Error(Errc::kInvalidArgument, "`" + path + "` is not a file");
  return send_fd(socket, file.get());
}

Result<> send_bytes(int socket, ByteView bytes) {
  const UniqueFd file(::memfd_create("redoubt-sent", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return errno_error("cannot make a file in memory", errno);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot write a file in memory", errno);
    done += static_cast<std::size_t>(n);
  }
  // What is read is what was sent.
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return errno_error("cannot seal a file in memory", errno);
  }
  return send_fd(socket, file.get());
}

Result<> send_open_file(int socket, int fd) {
  return send_fd(socket, fd);
}

Result<UniqueFd> receive_open_file(int socket) {
  Result<UniqueFd> last = receive_fd(socket);
  if (!last) return last.error();
  while (true) {
    auto later = receive_fd(socket);
    if (!later && later.error().code() == Errc::kNotFound) break;
    if (!later) return later.error();
    last = std::move(later);
  }
  return last;
}

Result<Bytes> receive_file(int socket, std::uint64_t limit) {
  auto file = receive_open_file(socket);
  if (!file) return file.error();
  return read_all(file->get(), limit);
}

}  // namespace redoubt
