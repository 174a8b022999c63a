// What the tests of this module share: a server on a thread of its own, and peers that speak raw bytes.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "net/deadline.h"
#include "net/http_server.h"

namespace redoubt::net::testing {

using namespace std::chrono_literals;

// An io_context with its sweep, run by a thread.
class Loop {
 public:
  Loop() : work_(io.get_executor()) {
    sweep.start();
    thread_ = std::thread([this] { io.run(); });
  }
  ~Loop() {
    boost::asio::post(io, [this] { sweep.stop(); });
    work_.reset();
    thread_.join();
  }
  // Runs on the loop's thread, and waits for it.
  template <class F>
  auto call(F function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto result = task.get_future();
    boost::asio::post(io, [&task] { task(); });
    return result.get();
  }
  template <class T>
  T await(Task<T> task) {
    return boost::asio::co_spawn(io, std::move(task), boost::asio::use_future).get();
  }

  boost::asio::io_context io{1};
  DeadlineSweep sweep{io};

 private:
  boost::asio::executor_work_guard<Executor> work_;
  std::thread thread_;
};

// A peer with a blocking socket. Every wait ends after five seconds.
class Peer {
 public:
  explicit Peer(UniqueFd fd) : fd_(std::move(fd)) {
    const timeval limit{5, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  static Peer connect(std::uint16_t port, int receive_buffer = 0) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return Peer(std::move(fd));
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  // More into `received`; false at the end, on a reset or after five seconds (`timed_out`).
  bool receive() {
    char buffer[16384];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    timed_out = n < 0 && errno == EAGAIN;
    was_reset = n < 0 && errno == ECONNRESET;
    if (n <= 0) return false;
    received.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  // Takes bytes up to and with `mark`; what there is at the end if it never comes.
  std::string take_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = received.find(mark)) == std::string::npos) {
      if (!receive()) return std::exchange(received, {});
    }
    return take(at + mark.size());
  }
  std::string take(std::size_t size) {
    while (received.size() < size && receive()) {
    }
    std::string out = received.substr(0, size);
    received.erase(0, out.size());
    return out;
  }
  std::string take_to_end() {
    while (receive()) {
    }
    return std::exchange(received, {});
  }
  // A reply or request with Content-Length: head and body.
  std::string take_message() {
    std::string head = take_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at != std::string::npos) head += take(std::stoul(head.substr(at + 16)));
    return head;
  }
  int fd() const { return fd_.get(); }

  std::string received;
  bool timed_out = false;
  bool was_reset = false;

 private:
  UniqueFd fd_;
};

// A server whose handler is a function. At the end it is drained, and no connection may be left.
class TestServer final : public ExchangeHandler {
 public:
  using Function = std::function<Task<>(Exchange&)>;

  // With `tls`, it speaks that and nothing else.
  explicit TestServer(Function function, ServerLimits limits = {},
                      std::shared_ptr<const TlsServerContext> tls = nullptr)
      : function_(std::move(function)) {
    auto fd = bind_tcp("127.0.0.1:0");
    EXPECT_TRUE(fd) << (fd ? "" : fd.error().message());
    port = bound_port(fd->get());
    server_ = std::make_unique<HttpServer>(loop.io, loop.sweep, std::move(*fd), limits, *this);
    EXPECT_TRUE(loop.call([&] {
      if (tls) server_->set_tls(tls);
      server_->on_closed([this](const ChannelBinding& channel) { closed_.push_back(channel.exporter); });
      return server_->start().has_value();
    }));
  }
  ~TestServer() override {
    drain(500ms);
    EXPECT_EQ(stats().connections_open, 0u);
    loop.call([this] { server_.reset(); });
  }
  Task<> handle(Exchange& exchange) override { return function_(exchange); }
  // The code is the reply, and what was told is kept.
  RefusalReply refused(std::string_view peer_address, std::string_view path, const Refusal& refusal) override {
    told_.push_back(std::to_string(refusal.status) + "|" + std::string(refusal.code) + "|" + std::string(peer_address) +
                    "|" + std::string(path));
    return {"text/x-refusal", std::string(refusal.code)};
  }
  // `status|code|peer|path` of each refusal since the last call.
  std::vector<std::string> take_told() {
    return loop.call([this] { return std::exchange(told_, {}); });
  }

  // Exporters of the TLS connections that have ended.
  std::vector<std::string> closed() {
    return loop.call([this] { return closed_; });
  }

  void set_tls(std::shared_ptr<const TlsServerContext> context) {
    loop.call([&] { server_->set_tls(std::move(context)); });
  }
  void drain(std::chrono::milliseconds grace) {
    if (!std::exchange(drained_, true)) loop.await(server_->drain(grace));
  }
  std::future<void> start_drain(std::chrono::milliseconds grace) {
    drained_ = true;
    return boost::asio::co_spawn(loop.io, server_->drain(grace), boost::asio::use_future);
  }
  ServerStats stats() {
    return loop.call([this] { return server_->stats(); });
  }
  // Waits up to five seconds.
  bool wait_for_open(std::uint64_t connections) {
    for (int i = 0; i < 500 && stats().connections_open != connections; ++i) std::this_thread::sleep_for(10ms);
    return stats().connections_open == connections;
  }
  Peer connect(int receive_buffer = 0) const { return Peer::connect(port, receive_buffer); }

  Loop loop;
  std::uint16_t port = 0;

 private:
  Function function_;
  std::unique_ptr<HttpServer> server_;
  std::vector<std::string> told_;    // the loop's thread
  std::vector<std::string> closed_;  // likewise
  bool drained_ = false;
};

// Replies with the method, path, query and body, `|` between them.
inline Task<> echo(Exchange& exchange) {
  auto body = co_await exchange.read_body();
  if (!body) co_return;
  const RequestHead& head = exchange.request();
  std::string text(to_string(head.method));
  text.append("|").append(head.path).append("|").append(head.query).append("|").append(*body);
  static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, text));
}

}  // namespace redoubt::net::testing
