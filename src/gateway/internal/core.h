// One core of the gateway: an event loop on one thread and everything that lives on it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "gateway/caller_evidence.h"
#include "gateway/evidence_desk.h"
#include "gateway/evidence_route.h"
#include "gateway/gateway.h"
#include "gateway/hold_desk.h"
#include "gateway/ledger_pump.h"
#include "gateway/ledger_routes.h"
#include "gateway/metrics_page.h"
#include "gateway/pipeline.h"
#include "gateway/sealed_route.h"
#include "gateway/tier_watch.h"
#include "gateway/upstream_guard.h"
#include "net/tls_server.h"

namespace redoubt::gateway::internal {

class Core {
 public:
  // `settings`, `meters`, `logs`, `files` and `holds` must outlive the core; all but the first are of all cores.
  // `keeper_wake_fd` stays the caller's. `cores`: how many there are.
  static Result<std::unique_ptr<Core>> create(const GatewaySettings& settings, unsigned cores, CoreHandles handles,
                                              int keeper_wake_fd, limits::Meters& meters, const Logs& logs,
                                              LedgerFiles& files, HoldDesk& holds);

  boost::asio::io_context& io() { return io_; }
  // Accepts connections from now on; they are served once run() is called. With settings.tls, and no certificate given
  // by then, they are closed.
  Result<> start();
  // Runs the loop on the calling thread until the core has drained.
  void run();

  // From any thread.
  // What decides from the next request on; null: nothing does, and every request is refused. `taken` is called on the
  // core's thread when it is so.
  void set_access(std::shared_ptr<const Access> access, std::function<void()> taken);
  // What new connections see from now on, until it ends; nothing takes its place by itself.
  void set_tls(std::shared_ptr<const net::TlsServerContext> context);
  void ledger_gone(std::string why);  // nothing is appended any more
  void drain();

  // On the core's thread.
  ledger::LedgerClient& ledger() { return client_; }
  net::DeadlineSweep& sweep() { return sweep_; }
  Recorder& recorder() { return recorder_; }
  const std::shared_ptr<const Access>& access() const { return pipeline_.access(); }

  // What `/metrics` answers on this core. Set before run().
  void on_scrape(LedgerRoutes::Scrape scrape) { ledger_routes_.on_scrape(std::move(scrape)); }
  void on_ready(LedgerRoutes::Remark remark) { ledger_routes_.on_ready(std::move(remark)); }
  // What this core has counted, and knows of the keeper.
  MetricsSnapshot snapshot();

  // Watches on this core what settings.own_tier demands. Before start().
  const TierWatch& watch_tier(const attest::AppraisalPolicy& policy) {
    return tier_.emplace(evidence_, clock_, policy);
  }
  void on_obstacle(LedgerRoutes::Obstacle obstacle) { ledger_routes_.on_obstacle(std::move(obstacle)); }

  // Called on the core's thread when it has drained. Set before run().
  void on_drained(std::function<void()> callback) { on_drained_ = std::move(callback); }

  // After run(): why the ledger stopped; empty while it works.
  const std::string& why_stopped() const { return client_.stopped(); }

 private:
  Core(const GatewaySettings& settings, unsigned cores, CoreHandles handles, RingProducer requests,
       RingConsumer answers, int keeper_wake_fd, limits::Meters& meters, const Logs& logs, LedgerFiles& files,
       HoldDesk& holds);

  void withdraw_ended_tls();
  net::Task<> drain_and_stop();

  const GatewaySettings& settings_;
  const limits::Meters& meters_;
  // One thread runs it and closes its sockets; others only post.
  boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  SystemClock clock_;
  net::DeadlineSweep sweep_;
  ledger::LedgerClient client_;
  WakeDescriptor wake_;
  Recorder recorder_;
  std::optional<UpstreamGuard> upstream_guard_;  // outlives the client
  net::HttpClient upstream_;
  DenialCounter denials_;
  identity::EntityCache entities_;
  LedgerRoutes ledger_routes_;
  EvidenceDesk evidence_;
  std::optional<EvidenceRoute> evidence_route_;
  std::optional<SealedRoute> sealed_route_;
  std::optional<TierWatch> tier_;
  std::optional<CallerEvidence> callers_;
  Pipeline pipeline_;
  net::HttpServer server_;
  std::shared_ptr<const net::TlsServerContext> tls_;  // what the server shows; null: nothing, or plain HTTP
  std::function<void()> on_drained_;
  bool draining_ = false;
};

}  // namespace redoubt::gateway::internal
