#include "gateway/internal/core.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"

namespace redoubt::gateway::internal {
namespace {

// A coroutine that ends with an exception is a mistake of ours; better no gateway than one that goes on half.
void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

Result<std::unique_ptr<Core>> Core::create(const GatewaySettings& settings, unsigned cores, CoreHandles handles,
                                           int keeper_wake_fd, limits::Meters& meters, const Logs& logs,
                                           LedgerFiles& files, HoldDesk& holds) {
  auto requests = SharedRing::attach(std::move(handles.request_ring));
  if (!requests) return requests.error();
  auto answers = SharedRing::attach(std::move(handles.answer_ring));
  if (!answers) return answers.error();
  std::unique_ptr<Core> core(new Core(settings, cores, std::move(handles), RingProducer(*std::move(requests)),
                                      RingConsumer(*std::move(answers)), keeper_wake_fd, meters, logs, files, holds));
  boost::asio::co_spawn(core->io_, pump_ledger(core->client_, core->wake_, "gateway"), rethrow);
  return core;
}

Core::Core(const GatewaySettings& settings, unsigned cores, CoreHandles handles, RingProducer requests,
           RingConsumer answers, int keeper_wake_fd, limits::Meters& meters, const Logs& logs, LedgerFiles& files,
           HoldDesk& holds)
    : settings_(settings),
      meters_(meters),
      sweep_(io_),
      client_(std::move(requests), std::move(answers), keeper_wake_fd),
      wake_(io_, handles.wake.release()),
      recorder_(io_, sweep_, client_, clock_, logs, settings.version, settings.ledger_timeout),
      upstream_(io_, sweep_, settings.upstream_url, settings.client_limits),
      denials_(recorder_, cores, settings.denial_interval),
      entities_(&policy_schema()),
      ledger_routes_(io_, recorder_, denials_, files, entities_, settings.commit, !settings.witnesses.policy.empty()),
      evidence_(sweep_, client_),
      pipeline_(recorder_, denials_, upstream_, ledger_routes_, entities_, meters, holds, settings.upstream,
                settings.commit, settings.has_quorum),
      server_(io_, sweep_, std::move(handles.listener), settings.server_limits, pipeline_) {
  client_.share(settings.record_time);
  if (settings.features != nullptr) recorder_.seal_features(*settings.features);
  if (settings.lease_key != nullptr) {
    pipeline_.serve_evidence(evidence_route_.emplace(evidence_, denials_, *settings.lease_key, clock_));
  }
  if (settings.sealed != nullptr) {
    pipeline_.serve_sealed(sealed_route_.emplace(evidence_, denials_, *settings.sealed, recorder_));
  }
  if (settings.upstream_evidence.is_asked()) {
    upstream_guard_.emplace(settings.upstream_evidence, clock_);
    if (settings.upstream_mutual && settings.lease_key != nullptr) {
      upstream_guard_->show_own({.desk = evidence_, .lease_key = *settings.lease_key});
    }
    upstream_.guard(*upstream_guard_);
  }
  if (settings.caller_evidence.is_asked()) {
    callers_.emplace(settings.caller_evidence, denials_, clock_);
    pipeline_.ask_callers(*callers_, settings.caller_evidence_required);
    server_.on_closed([this](const net::ChannelBinding& channel) { callers_->forget(channel); });
  }
  if (settings.tls.on) server_.set_tls(nullptr);
}

Result<> Core::start() {
  sweep_.on_tick([this] {
    denials_.tick(clock_.steady());
    pipeline_.tick(clock_.steady());
    if (settings_.sealed != nullptr) settings_.sealed->keys.tick(clock_.steady());
    withdraw_ended_tls();
    if (tier_ && client_.ready()) tier_->tick();
  });
  sweep_.start();
  return server_.start();
}

void Core::run() {
  io_.run();
}

void Core::set_access(std::shared_ptr<const Access> access, std::function<void()> taken) {
  boost::asio::post(io_, [this, access = std::move(access), taken = std::move(taken)]() mutable {
    if (upstream_guard_) upstream_guard_->use(access);
    if (callers_) callers_->use(access);
    pipeline_.set_access(std::move(access));
    taken();
  });
}

void Core::set_tls(std::shared_ptr<const net::TlsServerContext> context) {
  boost::asio::post(io_, [this, context = std::move(context)] {
    tls_ = context;
    server_.set_tls(context);
  });
}

// By the wall clock, as callers judge it. Nobody who checks would take it any more; nobody else shall.
void Core::withdraw_ended_tls() {
  if (!tls_ || clock_.now() < tls_->not_after()) return;
  log::error("gateway", "the TLS certificate has ended: no connections are taken");
  tls_.reset();
  server_.set_tls(nullptr);
}

MetricsSnapshot Core::snapshot() {
  MetricsSnapshot out{.requests = pipeline_.metrics(),
                      .recorder = recorder_.counts(),
                      .server = server_.stats(),
                      .queued_bytes = client_.queued_bytes(),
                      .open_exchanges = client_.open_admissions(),
                      .ready = recorder_.ready() && !client_.full(),
                      .meters_in_use = meters_.in_use(),
                      .meters = meters_.capacity(),
                      .keeper = client_.keeper_stats(),
                      .logs = {}};
  if (tier_) {
    out.tier_reached = tier_->problem().empty();
    out.ready = out.ready && *out.tier_reached;
  }
  if (upstream_guard_) out.upstream = upstream_guard_->counts();
  const auto now = clock_.steady();
  for (const ledger::LedgerClient::ToldLog& told : client_.log_gauges()) {
    const auto number = static_cast<ledger::LogNumber>(out.logs.size());
    // The age has grown since it was told.
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(now - told.told);
    LogSnapshot log{.gauges = told.gauges, .published = client_.published(number), .full = client_.full(number)};
    if (log.gauges.checkpoint_age > 0) log.gauges.checkpoint_age += static_cast<std::uint64_t>(since.count());
    out.logs.push_back(log);
  }
  return out;
}

void Core::ledger_gone(std::string why) {
  boost::asio::post(io_, [this, why = std::move(why)] { client_.stop(why); });
}

void Core::drain() {
  boost::asio::post(io_, [this] {
    if (std::exchange(draining_, true)) return;
    boost::asio::co_spawn(io_, drain_and_stop(), rethrow);
  });
}

net::Task<> Core::drain_and_stop() {
  // What waits for an upstream when the grace is over ends as failed, and is recorded so.
  net::Deadline grace(sweep_, [this] { upstream_.cut_off(); });
  grace.arm(settings_.drain_grace);
  co_await server_.drain(settings_.drain_grace);
  grace.disarm();
  upstream_.close_idle();
  denials_.flush();
  client_.flush();
  sweep_.stop();
  boost::system::error_code ignored;
  wake_.close(ignored);
  if (on_drained_) on_drained_();
}

}  // namespace redoubt::gateway::internal
