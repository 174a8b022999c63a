#include "net/http_server.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "net/internal/server_connection.h"

namespace redoubt::net {

namespace {

using boost::asio::ip::tcp;
using std::chrono::steady_clock;
using Acceptor = boost::asio::basic_socket_acceptor<tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<steady_clock, boost::asio::wait_traits<steady_clock>, Executor>;

constexpr int kBacklog = 4096;
constexpr std::chrono::minutes kQuiet{1};
constexpr int kAcceptsPerWakeUp = 64;  // then other connections have their turn

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

struct HttpServer::Impl {
  Impl(boost::asio::io_context& io_context, DeadlineSweep& sweep, UniqueFd fd, const ServerLimits& limits,
       ExchangeHandler& handler)
      : io(io_context),
        core(std::make_shared<internal::ServerCore>(sweep, limits, handler)),
        listener(std::move(fd)),
        acceptor(io.get_executor()),
        pause(io.get_executor()),
        drained(io.get_executor()) {}

  bool finished() const { return !accepting && core->stats.connections_open == 0; }
  void wake_if_finished() {
    if (core->draining && finished()) drained.cancel();
  }

  void stop_accepting() {
    stopped = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    listener.reset();
    pause.cancel();
  }
  // Connections remove themselves when their coroutines resume, not here.
  void close_connections(bool idle_only) {
    for (auto* connection = core->connections; connection != nullptr; connection = connection->next()) {
      if (!idle_only || connection->idle()) connection->close();
    }
  }

  static Task<> accept_loop(std::shared_ptr<Impl> self);
  bool accept_some();  // false when accepting must pause
  void complain(std::string_view why);

  boost::asio::io_context& io;
  std::shared_ptr<internal::ServerCore> core;
  UniqueFd listener;
  tcp protocol = tcp::v4();
  Acceptor acceptor;
  Timer pause;
  Timer drained;
  bool accepting = false;  // accept_loop is running
  bool stopped = false;
  steady_clock::time_point quiet_until{};  // about pauses of accepting
};

Task<> HttpServer::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    const auto [error] = co_await self->acceptor.async_wait(Acceptor::wait_read, use_task);
    if (self->stopped) break;
    if (!error && self->accept_some()) continue;
    self->pause.expires_after(DeadlineSweep::kTick);
    static_cast<void>(co_await self->pause.async_wait(use_task));
  }
  self->accepting = false;
  self->wake_if_finished();
}

bool HttpServer::Impl::accept_some() {
  for (int i = 0; i < kAcceptsPerWakeUp; ++i) {
    if (core->stats.connections_open >= core->limits.max_connections) {
      complain("as many connections are open as may be");
      return false;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd fd(
        ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (is_shortage(errno)) complain("out of descriptors or memory");
      return false;
    }
    Socket socket(io.get_executor());
    boost::system::error_code error;
    socket.assign(protocol, fd.get(), error);
    if (error) return false;  // epoll's limit of watched descriptors, or memory
    static_cast<void>(fd.release());
    auto connection = std::make_unique<internal::ServerConnection>(core, std::move(socket), peer);
    // The coroutine owns the connection, and the core's list, which drain() awaits, owns up to the coroutine.
    boost::asio::co_spawn(io.get_executor(), internal::ServerConnection::run(std::move(connection)),
                          boost::asio::detached);
  }
  return true;
}

// At the edge accepting pauses and goes on many times a second; one line says so.
void HttpServer::Impl::complain(std::string_view why) {
  const auto now = steady_clock::now();
  if (now < quiet_until) return;
  quiet_until = now + kQuiet;
  log::warning("http_server", "accepting pauses",
               {{"why", why}, {"connections", static_cast<std::uint64_t>(core->stats.connections_open)}});
}

HttpServer::HttpServer(boost::asio::io_context& io, DeadlineSweep& sweep, UniqueFd listener, ServerLimits limits,
                       ExchangeHandler& handler)
    : impl_(std::make_shared<Impl>(io, sweep, std::move(listener), limits, handler)) {}

HttpServer::~HttpServer() {
  impl_->core->on_last_closed = nullptr;
  impl_->core->on_closed = nullptr;
  impl_->stop_accepting();
  impl_->close_connections(false);
}

Result<> HttpServer::start() {
  REDOUBT_CHECK(!impl_->accepting && !impl_->stopped);
  const int fd = impl_->listener.get();
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // for listeners that bind_tcp() did not make
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno_error("listening socket", errno);
  int listening = 0;
  socklen_t size = sizeof listening;
  ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  if (listening == 0 && ::listen(fd, kBacklog) != 0) {
    if (errno == EADDRINUSE) return Error(Errc::kUnavailable, "the listen address is in use");
    return errno_error("listening socket", errno);
  }
  sockaddr_storage name{};
  size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return errno_error("listening socket", errno);
  // For a Unix domain socket v4 stands in: Asio looks at it only when it makes sockets or addresses, which it does not.
  impl_->protocol = name.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
  boost::system::error_code error;
  impl_->acceptor.assign(impl_->protocol, fd, error);
  if (error) return Error(Errc::kIo, "listening socket: " + error.message());
  static_cast<void>(impl_->listener.release());
  impl_->accepting = true;
  boost::asio::co_spawn(impl_->io.get_executor(), Impl::accept_loop(impl_), boost::asio::detached);
  return {};
}

void HttpServer::set_tls(std::shared_ptr<const TlsServerContext> context) {
  REDOUBT_CHECK(impl_->core->tls_only || !impl_->accepting);
  impl_->core->tls_only = true;
  impl_->core->tls = std::move(context);
}

void HttpServer::on_closed(std::function<void(const ChannelBinding& channel)> closed) {
  impl_->core->on_closed = std::move(closed);
}

Task<> HttpServer::drain(std::chrono::milliseconds grace) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->core->draining = true;
  impl->core->on_last_closed = [weak = std::weak_ptr<Impl>(impl)] {
    if (const auto self = weak.lock()) self->wake_if_finished();
  };
  impl->stop_accepting();
  impl->close_connections(true);
  const auto deadline = steady_clock::now() + grace;
  while (!impl->finished() && steady_clock::now() < deadline) {
    impl->drained.expires_at(deadline);
    static_cast<void>(co_await impl->drained.async_wait(use_task));
  }
  impl->close_connections(false);
  while (!impl->finished()) {
    impl->drained.expires_at(steady_clock::time_point::max());
    static_cast<void>(co_await impl->drained.async_wait(use_task));
  }
}

ServerStats HttpServer::stats() const {
  return impl_->core->stats;
}

}  // namespace redoubt::net
