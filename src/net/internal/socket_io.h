// Sending without waiting first: the kernel's buffer nearly always has room, and a wait costs a system call.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace redoubt::net::internal {

enum class IoState : std::uint8_t { kDone, kBlocked, kFailed };

// Up to three pieces that are sent in order; what was sent is taken off the front.
class Gather {
 public:
  void add(std::string_view bytes) {
    if (!bytes.empty()) parts_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg only reads
  }
  bool empty() const { return first_ == count_; }
  iovec* parts() { return parts_.data() + first_; }
  std::size_t count() const { return count_ - first_; }
  std::string_view front() const { return {static_cast<const char*>(parts_[first_].iov_base), parts_[first_].iov_len}; }
  // The first `size` bytes, or all there are, copied to `space`.
  std::string_view copy_front(char* space, std::size_t size) const {
    std::size_t copied = 0;
    for (std::size_t i = first_; i < count_ && copied < size; ++i) {
      const std::size_t n = std::min(parts_[i].iov_len, size - copied);
      std::memcpy(space + copied, parts_[i].iov_base, n);
      copied += n;
    }
    return {space, copied};
  }
  void consume(std::size_t size) {
    while (size > 0 && size >= parts_[first_].iov_len) size -= parts_[first_++].iov_len;
    if (size == 0) return;
    parts_[first_].iov_base = static_cast<char*>(parts_[first_].iov_base) + size;
    parts_[first_].iov_len -= size;
  }

 private:
  std::array<iovec, 3> parts_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

// Sends until everything is sent or the socket would block. `sent` grows by what the kernel took. errno says why it
// failed. Raises no signal.
inline IoState send_now(int fd, Gather& gather, std::uint64_t& sent) {
  while (!gather.empty()) {
    msghdr message{};
    message.msg_iov = gather.parts();
    message.msg_iovlen = gather.count();
    const ssize_t n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? IoState::kBlocked : IoState::kFailed;
    }
    sent += static_cast<std::uint64_t>(n);
    gather.consume(static_cast<std::size_t>(n));
  }
  return IoState::kDone;
}

// Receives what is there. `received` 0 with kDone is the peer's end.
inline IoState receive_now(int fd, char* space, std::size_t size, std::size_t& received) {
  received = 0;
  while (true) {
    const ssize_t n = ::recv(fd, space, size, MSG_DONTWAIT);
    if (n >= 0) {
      received = static_cast<std::size_t>(n);
      return IoState::kDone;
    }
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? IoState::kBlocked : IoState::kFailed;
  }
}

}  // namespace redoubt::net::internal
