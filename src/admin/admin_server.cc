#include "admin/admin_server.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace redoubt::admin {

net::ServerLimits AdminServer::default_limits() {
  net::ServerLimits out;
  out.max_body_bytes = AdminApi::kMaxBodyBytes;
  out.max_held_bytes = 4 * AdminApi::kMaxBodyBytes;
  out.max_connections = 512;
  return out;
}

AdminServer::AdminServer(boost::asio::io_context& io, net::DeadlineSweep& sweep, AdminApi& api, state::Engine& engine,
                         Listeners listeners, const net::ServerLimits& limits)
    : sweep_(sweep), api_(api), engine_(engine), local_path_(std::move(listeners.local_path)) {
  if (listeners.tcp.valid()) {
    tcp_ = std::make_unique<net::HttpServer>(io, sweep, std::move(listeners.tcp), limits, api);
  }
  if (listeners.local.valid()) {
    local_ = std::make_unique<net::HttpServer>(io, sweep, std::move(listeners.local), limits, api);
  }
}

AdminServer::~AdminServer() = default;

Result<> AdminServer::start() {
  for (net::HttpServer* server : {tcp_.get(), local_.get()}) {
    if (server == nullptr) continue;
    if (auto started = server->start(); !started) return started;
  }
  sweep_.on_tick([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) look_after_engine();
  });
  return {};
}

void AdminServer::look_after_engine() {
  if (engine_.current() || sweep_.now() - looked_ < std::chrono::seconds(1)) return;
  looked_ = sweep_.now();
  if (auto tried = engine_.retry(); !tried) {
    log::error("admin", "the state is behind the ledger", {{"why", tried.error().message()}});
  }
}

void AdminServer::set_tls(std::shared_ptr<const net::TlsServerContext> context) {
  if (tcp_) tcp_->set_tls(std::move(context));
}

net::Task<> AdminServer::drain(std::chrono::milliseconds grace) {
  api_.stop();
  if (!local_path_.empty()) ::unlink(local_path_.c_str());
  const auto end = std::chrono::steady_clock::now() + grace;
  if (local_) co_await local_->drain(grace);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  if (tcp_) co_await tcp_->drain(std::max(left, std::chrono::milliseconds(0)));
}

}  // namespace redoubt::admin
