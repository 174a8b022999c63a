#include "redoubt/notifier_link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "notify/wire.h"

namespace redoubt::app {

SocketNotifierLink::SocketNotifierLink(UniqueFd socket, UniqueFd wanted)
    : socket_(std::move(socket)), wanted_(std::move(wanted)), buffer_(notify::kWireMessageMax + 1) {
  ::fcntl(wanted_.get(), F_SETFL, O_NONBLOCK);
}

bool SocketNotifierLink::send(std::string_view message) {
  return ::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(message.size());
}

std::optional<std::string> SocketNotifierLink::receive() {
  // What is longer than a message may be comes cut, and is not understood.
  const ssize_t n = ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (n <= 0) return std::nullopt;
  return std::string(buffer_.data(), static_cast<std::size_t>(n));
}

bool SocketNotifierLink::want(std::string_view digest) {
  const std::string_view text = digest.empty() ? kNoNotifier : digest;
  return ::write(wanted_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace redoubt::app
