// `redoubt attest proxy`: a port of this machine for clients that know nothing of attestation. What they send goes on
// over TLS, on connections whose other end has shown what it is before the first byte of a request; or sealed to a key
// that the server has shown to be its own, through whatever stands between.
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "redoubt/attest/relay.h"
#include "redoubt/attest/sealed_proxy.h"
#include "redoubt/attest/sealed_server.h"
#include "redoubt/attest/server_guard.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;

constexpr std::chrono::milliseconds kDrainGrace{5'000};
constexpr std::size_t kMaxBody = 64 * 1024 * 1024;
constexpr std::size_t kMaxWhole = 64 * 1024;  // of an answer; longer ones go on as they come

class Proxy final : public net::ExchangeHandler {
 public:
  Proxy(net::HttpClient& server) : server_(server) {}

  net::Task<> handle(net::Exchange& exchange) override {
    const auto body = co_await exchange.read_body();
    if (!body) co_return;  // answered by the server of this port
    const net::RequestHead& head = exchange.request();
    std::string path(head.path);
    if (!head.query.empty()) path.append("?").append(head.query);
    const auto fields = passed_on(head.headers);
    const net::ClientRequest request{.method = head.method, .path = path, .headers = fields, .body = *body};
    auto response = co_await server_.send(request);
    if (!response) {
      co_await refuse_relay(exchange, response.error());
      co_return;
    }
    co_await relay(exchange, **response);
  }

 private:
  static net::Task<> relay(net::Exchange& exchange, net::ClientResponse& response) {
    const std::string type(response.header("content-type"));
    auto fields = passed_on(response.headers());
    std::erase_if(fields, [](const net::HeaderField& field) { return is_any_of(field.name, {"content-type"}); });
    const net::ReplyHead head{.status = response.status(), .content_type = type, .headers = fields};
    std::uint64_t length = 0;
    if (response.content_length(length) && length <= kMaxWhole) {
      co_await relay_whole(exchange, response, head, kMaxWhole);
    } else {
      co_await relay_stream(exchange, response, head);
    }
  }

  net::HttpClient& server_;
};

Result<UniqueFd> take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot wait for signals", errno);
  return fd;
}

net::Task<> drain_on_signal(Descriptor& signals, net::HttpServer& server, net::HttpClient& client,
                            net::DeadlineSweep& sweep) {
  signalfd_siginfo info{};
  [[maybe_unused]] const auto [error, n] =
      co_await signals.async_read_some(boost::asio::buffer(&info, sizeof info), net::use_task);
  co_await server.drain(kDrainGrace);
  client.cut_off();
  sweep.stop();
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

Result<> serve(const ProxyOptions& options) {
  const SystemClock clock;
  auto guard = ServerGuard::create(options.accepted, [&clock] { return clock.now(); });
  if (!guard) return guard.error();
  auto url = net::UpstreamUrl::parse(options.url);
  if (!url) return url.error();
  if (!url->tls || !url->base_path.empty()) {
    return Error(Errc::kInvalidArgument, "the server's URL is https://, and has no path");
  }
  const std::string authority = options.url.substr(options.url.find("//") + 2);
  auto listen = net::parse_listen_address(options.listen);
  if (!listen) return listen.error();
  // What comes in is not encrypted, and goes on as if its sender had verified the server.
  if (!listen->loopback) return Error(Errc::kInvalidArgument, "`--listen` is an address of this machine alone");
  auto signals = take_signals();
  if (!signals) return signals.error();
  auto listener = net::bind_tcp(options.listen);
  if (!listener) return listener.error();
  const std::string address =
      options.listen.substr(0, options.listen.rfind(':') + 1) + std::to_string(net::bound_port(listener->get()));

  boost::asio::io_context io(1);
  net::DeadlineSweep sweep(io);
  net::ClientLimits client_limits;
  client_limits.ca_file = options.ca_file;
  net::HttpClient client(io, sweep, *std::move(url), client_limits);
  if (!options.sealed) client.guard(**guard);
  Proxy proxy(client);
  SealedServer sealed_server(client, **guard, [&clock] { return clock.now(); });
  SealedProxy sealed_proxy(sealed_server, authority);
  net::ServerLimits limits;
  limits.max_body_bytes = kMaxBody;
  net::HttpServer server(io, sweep, *std::move(listener), limits,
                         options.sealed ? static_cast<net::ExchangeHandler&>(sealed_proxy) : proxy);
  sweep.start();
  if (auto started = server.start(); !started) return started;
  Descriptor stop(io, signals->release());
  boost::asio::co_spawn(io, drain_on_signal(stop, server, client, sweep), rethrow);
  std::printf("listening on http://%s\n", address.c_str());
  std::fflush(stdout);
  io.run();
  return {};
}

}  // namespace

int proxy(const ProxyOptions& options, bool json) {
  const auto served = serve(options);
  return served ? kSuccess : report(served.error(), json);
}

}  // namespace redoubt::app::attest_verbs
