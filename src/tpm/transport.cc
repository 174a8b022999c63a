#include "tpm/internal/transport.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace redoubt::tpm::internal {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMagic = 0x5244'4254'5443'5449;  // ours: tells this TCTI from others
constexpr std::size_t kHeaderSize = 10;                  // tag, size, code (Part 1 §18)
constexpr std::string_view kDevice = "device:";
constexpr std::string_view kSocket = "swtpm:path=";

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error(Errc::kInvalidArgument, "`" + path + "` is too long for the path of a socket");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error("cannot make a socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ECONNREFUSED || errno == EAGAIN) {
      return Error(Errc::kUnavailable, "no TPM answers at `" + path + "`");
    }
    return errno_error("cannot connect to the TPM at `" + path + "`", errno);
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<Transport>> Transport::open(std::string_view where, std::chrono::milliseconds timeout) {
  const bool is_socket = where.starts_with(kSocket);
  if (!is_socket && !where.starts_with(kDevice)) {
    return Error(Errc::kInvalidArgument,
                 "`" + std::string(where) + "` is no TPM: write `device:PATH` or `swtpm:path=SOCKET`");
  }
  const std::string path(where.substr(is_socket ? kSocket.size() : kDevice.size()));
  UniqueFd fd;
  if (is_socket) {
    auto connected = connect_to(path);
    if (!connected) return connected.error();
    fd = *std::move(connected);
  } else {
    // Without O_NONBLOCK the driver would keep write() until the TPM has answered.
    fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid() && errno == EBUSY)
      return Error(Errc::kUnavailable, "another process has the TPM at `" + path + "`");
    if (!fd.valid()) return errno_error("cannot open the TPM at `" + path + "`", errno);
  }
  return std::unique_ptr<Transport>(new Transport(std::move(fd), is_socket, timeout));
}

Transport::Transport(UniqueFd fd, bool is_socket, std::chrono::milliseconds timeout)
    : tcti_{}, fd_(std::move(fd)), is_socket_(is_socket), timeout_(timeout), response_{} {
  tcti_.self = this;
  tcti_.common.magic = kMagic;
  tcti_.common.version = 1;
  tcti_.common.transmit = [](TSS2_TCTI_CONTEXT* context, std::size_t size, const std::uint8_t* command) {
    return reinterpret_cast<Tcti*>(context)->self->send(std::as_bytes(std::span(command, size)));
  };
  // The deadline is ours: the caller's, which waits for ever, is passed over.
  tcti_.common.receive = [](TSS2_TCTI_CONTEXT* context, std::size_t* size, std::uint8_t* response, std::int32_t) {
    return reinterpret_cast<Tcti*>(context)->self->receive(size, response);
  };
  tcti_.common.finalize = [](TSS2_TCTI_CONTEXT*) {};
}

TSS2_RC Transport::fail(Errc code, std::string message) {
  if (!broken_) broken_.emplace(code, std::move(message));
  return TSS2_TCTI_RC_NO_CONNECTION;
}

bool Transport::wait_for(short events, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd one{.fd = fd_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000'000)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

TSS2_RC Transport::send(ByteView command) {
  if (broken_) return TSS2_TCTI_RC_NO_CONNECTION;
  received_ = 0;
  const auto until = Clock::now() + timeout_;
  while (!command.empty()) {
    // A socket whose other end is gone must not raise a signal.
    const auto written = is_socket_ ? ::send(fd_.get(), command.data(), command.size(), MSG_NOSIGNAL)
                                    : ::write(fd_.get(), command.data(), command.size());
    if (written > 0) {
      command = command.subspan(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      if (!wait_for(POLLOUT, until)) return fail(Errc::kDeadlineExceeded, "the TPM takes no command");
    } else if (errno != EINTR) {
      return fail(Errc::kUnavailable, std::string("the TPM is gone: ") + std::strerror(errno));
    }
  }
  return TSS2_RC_SUCCESS;
}

TSS2_RC Transport::receive(std::size_t* size, std::uint8_t* response) {
  if (size == nullptr) return TSS2_TCTI_RC_BAD_REFERENCE;
  if (broken_) return TSS2_TCTI_RC_NO_CONNECTION;
  const auto until = Clock::now() + timeout_;
  const auto expected = [&]() -> std::size_t {
    return received_ < kHeaderSize ? kHeaderSize : load_be<std::uint32_t>(ByteView(response_).subspan(2, 4));
  };
  while (received_ < expected()) {
    if (expected() > response_.size()) return fail(Errc::kUnavailable, "the TPM answered with above 4 KiB");
    if (!wait_for(POLLIN, until)) {
      return fail(Errc::kDeadlineExceeded, "the TPM did not answer within " + std::to_string(timeout_.count()) + " ms");
    }
    // A device gives its answer at once or never: ask for all there may be.
    const std::size_t room = (is_socket_ ? expected() : response_.size()) - received_;
    const auto count = ::read(fd_.get(), response_.data() + received_, room);
    if (count > 0) {
      received_ += static_cast<std::size_t>(count);
    } else if (count == 0) {
      return fail(Errc::kUnavailable, "the TPM is gone: it closed the connection");
    } else if (errno != EINTR && errno != EAGAIN) {
      return fail(Errc::kUnavailable, std::string("the TPM is gone: ") + std::strerror(errno));
    }
  }
  if (expected() != received_) return fail(Errc::kUnavailable, "the TPM answered with more than its answer's size");
  const std::size_t room = *size;
  *size = received_;
  if (response == nullptr) return TSS2_RC_SUCCESS;
  if (room < received_) return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
  std::memcpy(response, response_.data(), received_);
  received_ = 0;
  return TSS2_RC_SUCCESS;
}

}  // namespace redoubt::tpm::internal
