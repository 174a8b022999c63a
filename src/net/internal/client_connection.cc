#include "net/internal/client_connection.h"

#include <algorithm>
#include <utility>

#include "net/internal/local_socket.h"
#include "net/local_url.h"

namespace redoubt::net::internal {

using boost::asio::ip::tcp;

ClientConnection::ClientConnection(boost::asio::io_context& io, DeadlineSweep& sweep, Registry& registry)
    : registry_(registry), socket_(io.get_executor()), resolver_(io.get_executor()), deadline_(sweep, [this] {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
        resolver_.cancel();
      }) {
  registry_.insert(this);
}

void ClientConnection::cut_off() {
  cut_off_ = true;
  if (tls_) tls_->forget_socket();
  boost::system::error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
}

ClientConnection::~ClientConnection() {
  registry_.erase(this);
  if (tls_) tls_->close_notify();
}

Error ClientConnection::failed(const char* what, const boost::system::error_code& error) const {
  if (deadline_.expired()) return {Errc::kDeadlineExceeded, std::string(what) + " took too long"};
  return {Errc::kUnavailable, std::string(what) + " failed: " + error.message()};
}

Task<Result<>> ClientConnection::connect(const UpstreamUrl& url, const TlsContext* tls,
                                         std::chrono::milliseconds timeout) {
  boost::system::error_code error;
  if (is_local(url)) {
    auto local = connect_unix(url.host);
    if (!local) co_return local.error();
    // Asio needs a protocol, and never looks at what the descriptor is.
    socket_.assign(tcp::v4(), local->release(), error);
    if (error) co_return failed("connecting to the upstream", error);
    co_return Result<>();
  }
  deadline_.arm(timeout);
  std::vector<tcp::endpoint> endpoints;
  const auto address = boost::asio::ip::make_address(url.host, error);
  if (!error) {
    endpoints.emplace_back(address, url.port);
  } else {
    auto [resolve_error, results] =
        co_await resolver_.async_resolve(url.host, std::to_string(url.port), tcp::resolver::numeric_service, use_task);
    if (resolve_error) co_return failed("looking up the upstream's name", resolve_error);
    for (const auto& entry : results) endpoints.push_back(entry.endpoint());
  }
  error = boost::asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : endpoints) {
    if (deadline_.expired() || cut_off_) break;
    socket_.close(error);
    socket_.open(endpoint.protocol(), error);
    if (error) continue;
    const auto [connect_error] = co_await socket_.async_connect(endpoint, use_task);
    error = connect_error;
    if (!error) break;
  }
  if (error) co_return failed("connecting to the upstream", error);
  socket_.set_option(tcp::no_delay(true), error);
  if (tls != nullptr) {
    if (auto proven = co_await handshake(url.host, *tls); !proven) co_return proven;
  }
  deadline_.disarm();
  co_return Result<>();
}

Task<Result<>> ClientConnection::handshake(const std::string& host, const TlsContext& tls) {
  auto session = tls.connect(socket_.native_handle(), host);
  if (!session) co_return session.error();
  tls_ = std::move(*session);
  while (true) {
    const TlsIo state = tls_->handshake();
    if (state == TlsIo::kDone) co_return Result<>();
    if (state == TlsIo::kFailed || state == TlsIo::kClosed) {
      co_return Error(Errc::kUnavailable, "TLS with the upstream failed: " + tls_->failure());
    }
    if (auto ready = co_await wait_for(state); !ready) co_return ready;
  }
}

ChannelBinding ClientConnection::channel_binding() const {
  if (!tls_) return {};
  return {.exporter = tls_->exporter(), .server_key = tls_->peer_key_digest(), .peer_certificate = {}};
}

std::string ClientConnection::peer_certificate() const {
  return tls_ ? tls_->peer_certificate() : std::string();
}

Task<Result<>> ClientConnection::wait_for(TlsIo want) {
  // An expired deadline will wake nobody any more.
  if (deadline_.expired()) co_return Error(Errc::kDeadlineExceeded, "the upstream took too long");
  const auto [error] =
      co_await socket_.async_wait(want == TlsIo::kWantWrite ? Socket::wait_write : Socket::wait_read, use_task);
  if (error) co_return failed("waiting for the upstream", error);
  co_return Result<>();
}

Task<Result<>> ClientConnection::send(Gather gather, std::chrono::milliseconds timeout, std::uint64_t& sent) {
  std::string joined;
  if (tls_ && gather.count() > 1) {
    // A record each would be two packets; a record holds 16 KiB.
    while (!gather.empty()) {
      joined += gather.front();
      gather.consume(gather.front().size());
    }
    gather = Gather();
    gather.add(joined);
  }
  bool armed = false;
  while (!gather.empty()) {
    const std::uint64_t before = sent;
    TlsIo want = TlsIo::kWantWrite;
    if (tls_) {
      std::size_t taken = 0;
      const TlsIo state = tls_->write(gather.front(), taken);
      sent += taken;
      gather.consume(taken);
      if (state == TlsIo::kDone) continue;
      if (state == TlsIo::kFailed || state == TlsIo::kClosed) {
        co_return Error(Errc::kUnavailable, "sending to the upstream failed: " + tls_->failure());
      }
      want = state;
    } else {
      const IoState state = send_now(socket_.native_handle(), gather, sent);
      if (state == IoState::kDone) break;
      if (state == IoState::kFailed) {
        const boost::system::error_code error(errno, boost::system::system_category());
        co_return Error(Errc::kUnavailable, "sending to the upstream failed: " + error.message());
      }
    }
    if (!armed || sent > before) deadline_.arm(timeout);
    armed = true;
    if (auto ready = co_await wait_for(want); !ready) co_return ready;
  }
  deadline_.disarm();
  co_return Result<>();
}

Task<Result<std::size_t>> ClientConnection::receive(char* space, std::size_t size) {
  std::size_t received = 0;
  if (tls_) {
    while (true) {
      const TlsIo state = tls_->read(space, size, received);
      if (state == TlsIo::kDone) co_return received;
      if (state == TlsIo::kClosed) co_return std::size_t{0};
      if (state == TlsIo::kFailed) {
        co_return Error(Errc::kUnavailable, "receiving from the upstream failed: " + tls_->failure());
      }
      if (auto ready = co_await wait_for(state); !ready) co_return ready.error();
    }
  }
  if (deadline_.expired()) co_return Error(Errc::kDeadlineExceeded, "the upstream took too long");
  // Asio tries to receive before it waits.
  const auto [error, count] = co_await socket_.async_read_some(boost::asio::buffer(space, size), use_task);
  if (error == boost::asio::error::eof) co_return std::size_t{0};
  if (error) co_return failed("receiving from the upstream", error);
  co_return count;
}

bool ClientConnection::still_idle() {
  if (tls_) return tls_->still_idle();
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace redoubt::net::internal
