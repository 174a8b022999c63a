// An upstream for tests: a listening socket and a thread that follows a script.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "net/http_client.h"
#include "net/tests/loopback.h"

namespace redoubt::net::testing {

class Upstream {
 public:
  explicit Upstream(std::function<void(Upstream&)> script) {
    auto fd = bind_tcp("127.0.0.1:0");
    EXPECT_TRUE(fd);
    listener_ = std::move(*fd);
    port = bound_port(listener_.get());
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    thread_ = std::thread([this, run = std::move(script)] { run(*this); });
  }
  ~Upstream() { thread_.join(); }

  // Waits five seconds at most.
  UniqueFd accept_fd() {
    pollfd ready{listener_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 5000), 1) << "nobody connects";
    return UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  Peer accept() { return Peer(accept_fd()); }
  // Whether somebody connects within `wait`.
  bool is_called(std::chrono::milliseconds wait) {
    pollfd ready{listener_.get(), POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(wait.count())) == 1;
  }

  std::uint16_t port = 0;

 private:
  UniqueFd listener_;
  std::thread thread_;
};

struct Answer {
  int status = 0;  // 0: no response head
  std::string body;
  std::string type;
  Errc error{};
  std::string message;
  bool complete = false;
};

// Sends a request and reads the whole response.
inline Task<Answer> ask(HttpClient& client, Method method, std::string path, std::string body = {}) {
  Answer out;
  const HeaderField headers[] = {{"X-Test", "1"}};
  const ClientRequest request{method, path, headers, body};
  auto response = co_await client.send(request);
  if (!response) {
    out.error = response.error().code();
    out.message = response.error().message();
    co_return out;
  }
  out.status = (*response)->status();
  out.type = (*response)->header("content-type");
  while (true) {
    auto piece = co_await (*response)->read_some();
    if (!piece) {
      out.error = piece.error().code();
      out.message = piece.error().message();
      co_return out;
    }
    if (piece->empty()) break;
    out.body += *piece;
  }
  out.complete = true;
  co_return out;
}

// A client on a loop of its own.
class TestClient {
 public:
  explicit TestClient(const std::string& url, ClientLimits limits = {}) {
    auto parsed = UpstreamUrl::parse(url);
    EXPECT_TRUE(parsed) << url;
    client_ = loop_.call([&] { return std::make_unique<HttpClient>(loop_.io, loop_.sweep, *parsed, limits); });
  }
  TestClient(std::uint16_t port, ClientLimits limits = {})
      : TestClient("http://127.0.0.1:" + std::to_string(port), std::move(limits)) {}
  ~TestClient() {
    loop_.call([this] { client_.reset(); });
  }
  Answer get(const std::string& path = "/") { return loop_.await(ask(*client_, Method::kGet, path)); }
  Answer post(const std::string& body, const std::string& path = "/") {
    return loop_.await(ask(*client_, Method::kPost, path, body));
  }
  Answer head() { return loop_.await(ask(*client_, Method::kHead, "/")); }
  HttpClient& client() { return *client_; }
  Loop& loop() { return loop_; }

 private:
  Loop loop_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace redoubt::net::testing
