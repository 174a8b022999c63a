// The listeners of the administrative interface: a TCP address, and a Unix domain socket for the command line on this
// machine. Both ask for the same credentials: to be root, or to be here, proves nothing.
//
//   AdminServer server(io, sweep, api, std::move(listeners), {});
//   if (auto started = server.start(); !started) …
//   …
//   co_await server.drain(grace);
//
// One thread: the io_context's, which is the engine's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "admin/admin_api.h"
#include "base/unique_fd.h"
#include "net/http_server.h"

namespace redoubt::admin {

class AdminServer {
 public:
  // Bound, not listening. Each may be absent.
  struct Listeners {
    UniqueFd tcp;
    UniqueFd local;
    std::string local_path;  // removed when the server stops
  };
  // Fewer connections and larger bodies than the request path has.
  static net::ServerLimits default_limits();

  // All must outlive the server, and drain() be awaited before it goes.
  AdminServer(boost::asio::io_context& io, net::DeadlineSweep& sweep, AdminApi& api, state::Engine& engine,
              Listeners listeners, const net::ServerLimits& limits = default_limits());
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();

  // As HttpServer::start(). Once a second from then on, an engine that is behind the ledger is told to try again.
  Result<> start();
  // Of the TCP listener (HttpServer::set_tls). What is local needs none.
  void set_tls(std::shared_ptr<const net::TlsServerContext> context);
  // Stops accepting, ends streams, lets calls under way finish. Once only.
  net::Task<> drain(std::chrono::milliseconds grace);

 private:
  void look_after_engine();

  net::DeadlineSweep& sweep_;
  AdminApi& api_;
  state::Engine& engine_;
  const std::string local_path_;
  std::unique_ptr<net::HttpServer> tcp_;
  std::unique_ptr<net::HttpServer> local_;
  std::chrono::steady_clock::time_point looked_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for the sweep, which may live longer
};

}  // namespace redoubt::admin
