#include "gateway/gateway.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/short_turns.h"
#include "gateway/internal/core.h"
#include "gateway/internal/publication.h"
#include "gateway/internal/scraper.h"
#include "gateway/internal/tls_identity.h"
#include "gateway/witnesses.h"

namespace redoubt::gateway {
namespace {

using internal::Core;
using internal::Publication;
using internal::TlsIdentity;

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  if (::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) != 0) {
    log::warning("gateway", "cannot run on the processor asked for", {{"cpu", cpu}});
  }
}

using Descriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

// How long the launcher waits for the first publication; without it, requests are refused.
constexpr std::chrono::seconds kPatience{1};

// Signals arrive as bytes on a descriptor, and never in their default way: a second SIGTERM must not cut off what the
// first one lets finish. Blocks them for the calling thread and all that it starts.
Result<UniqueFd> take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot wait for signals", errno);
  return fd;
}

// On the first core: SIGTERM and SIGINT drain, SIGHUP reads the certificate and what is to be in force again. `tls` may
// be null.
net::Task<> watch_signals(Descriptor& signals, std::vector<std::unique_ptr<Core>>& cores,
                          Administration& administration, TlsIdentity* tls) {
  bool draining = false;
  while (true) {
    signalfd_siginfo info{};
    const auto [error, n] = co_await signals.async_read_some(boost::asio::buffer(&info, sizeof info), net::use_task);
    if (error) co_return;
    if (info.ssi_signo != SIGHUP) {
      if (std::exchange(draining, true)) continue;
      log::info("gateway", "draining");
      administration.drain([&cores] {
        for (auto& core : cores) core->drain();
      });
      continue;
    }
    if (tls != nullptr) tls->reload();
    administration.reload();
  }
}

// Nothing can be appended any more, or must be: what is under way ends without being recorded.
void end_all(std::vector<std::unique_ptr<Core>>& cores, const std::string& why) {
  for (auto& core : cores) {
    core->ledger_gone(why);
    core->drain();
  }
}

// On the first core: the pipe ends when the keeper does.
net::Task<> watch_keeper(Descriptor& alive, std::vector<std::unique_ptr<Core>>& cores, Administration& administration) {
  char byte = 0;
  const auto [error, n] = co_await alive.async_read_some(boost::asio::buffer(&byte, 1), net::use_task);
  if (error == boost::asio::error::operation_aborted) co_return;
  administration.ledger_gone("the keeper is gone");
  end_all(cores, "the keeper is gone");
}

net::Task<> tell_after(Timer& timer, const std::function<void()>& tell) {
  timer.expires_after(kPatience);
  co_await timer.async_wait(net::use_task);
  tell();
}

// How many the first core may have open to witnesses.
std::size_t witness_connections(const GatewaySettings& settings) {
  const auto policy = tlog::TrustPolicy::parse(settings.witnesses.policy);
  return policy ? policy->witnesses().size() * Witnesses::kMaxAtOnce : 0;
}

// Callers are let in only as far as descriptors reach for each of them and an upstream connection for each: otherwise
// admitted requests would fail for want of one. The soft limit is raised first; nothing here uses select().
std::size_t connections_per_core(std::size_t wanted, std::size_t cores, std::size_t for_witnesses) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t kOwn = 32;         // logs, keys, ledger files being read, spare
  constexpr std::size_t kOwnPerCore = 16;  // rings, wake-ups, listener
  const std::size_t taken = kOwn + cores * kOwnPerCore + for_witnesses;
  const std::size_t left = limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
  const std::size_t possible = std::max<std::size_t>(left / 2 / cores, 1);
  if (possible >= wanted) return wanted;
  log::warning("gateway", "the limit of open files allows fewer connections than configured",
               {{"files", static_cast<std::uint64_t>(limit.rlim_cur)},
                {"connections_per_core", static_cast<std::uint64_t>(possible)}});
  return possible;
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

Result<> run_gateway(const GatewaySettings& wanted, std::vector<CoreHandles> handles, Administration& administration,
                     limits::Meters& meters, UniqueFd keeper_wake, UniqueFd keeper_alive, UniqueFd ready) {
  GatewaySettings settings = wanted;
  if (auto done = settings.commit.check(settings.has_quorum); !done) return done;
  settings.server_limits.max_connections =
      connections_per_core(settings.server_limits.max_connections, handles.size(), witness_connections(settings));
  auto signal_fd = take_signals();
  if (!signal_fd) return signal_fd.error();
  const attest::LeaseKey lease_key = attest::LeaseKey::generate();
  settings.lease_key = &lease_key;
  SealedBodies sealed{.keys = SealingKeys(std::chrono::steady_clock::now()), .seen = SeenRequests()};
  settings.sealed = &sealed;
  PosixFileSystem fs;
  auto logs = Logs::load(fs, settings.ledger_directory, settings.origin, settings.tenants);
  if (!logs) return logs.error();
  LedgerFiles files(fs, settings.ledger_directory);
  std::vector<std::unique_ptr<Core>> cores;
  const auto count = static_cast<unsigned>(handles.size());
  for (CoreHandles& handle : handles) {
    if (::listen(handle.listener.get(), SOMAXCONN) != 0) return errno_error("cannot listen", errno);
    auto core = Core::create(settings, count, std::move(handle), keeper_wake.get(), meters, *logs, files,
                             administration.holds());
    if (!core) return core.error();
    cores.push_back(*std::move(core));
  }
  const internal::Scraper scraper(cores, *logs, administration, settings.version);
  for (const auto& core : cores) {
    core->on_scrape([&scraper, &io = core->io()] { return scraper.scrape(io); });
    core->on_ready([&administration]() -> std::string_view {
      const NoticeGauges notices = administration.notices();
      if (!notices.configured || notices.running) return {};
      return "but nobody is told of incidents: there is no notifier";
    });
  }
  if (settings.own_tier) {
    const TierWatch& tier = cores.front()->watch_tier(*settings.own_tier);
    for (const auto& core : cores) core->on_obstacle([&tier] { return tier.problem(); });
  }
  std::unique_ptr<Witnesses> witnesses;
  if (!settings.witnesses.policy.empty()) {
    Core& core = *cores.front();
    auto created = Witnesses::create(core.io(), core.sweep(), files, settings.witnesses);
    if (!created) return created.error();
    witnesses = *std::move(created);
  }
  const SystemClock clock;
  std::optional<TlsIdentity> tls;
  if (settings.tls.on) {
    tls.emplace(settings.tls, clock, cores, administration);
    if (auto obtained = tls->obtain_first(); !obtained) return obtained;
  }
  for (const auto& core : cores) {
    if (auto started = core->start(); !started) return started;
  }
  if (auto done = settings.confine(); !done) return done;

  boost::asio::io_context& first = cores.front()->io();
  Descriptor signals(first, signal_fd->release());
  Descriptor alive(first, keeper_alive.release());
  boost::asio::co_spawn(first, watch_signals(signals, cores, administration, tls ? &*tls : nullptr), rethrow);
  boost::asio::co_spawn(first, watch_keeper(alive, cores, administration), rethrow);
  if (tls) boost::asio::co_spawn(first, tls->keep_fresh(), rethrow);
  std::optional<Error> refusal;
  if (witnesses) {
    witnesses->serve(cores.front()->ledger(), [&](const Error& why) {
      refusal = why;
      administration.ledger_gone(why.message());
      end_all(cores, why.message());
    });
  }

  const auto run_core = [&](std::size_t i) {
    if (!settings.cpus.empty()) pin_to(settings.cpus[i % settings.cpus.size()]);
    // Callers wait for it, and for none of those that may run on its processor.
    if (!take_short_turns()) log::warning("gateway", "a core keeps turns of the usual length");
    cores[i]->run();
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < cores.size(); ++i) threads.emplace_back(run_core, i);
  const std::function<void()> tell_ready = [&ready] {
    if (!ready.valid()) return;
    const char byte = 1;
    if (::write(ready.get(), &byte, 1) != 1) log::warning("gateway", "the launcher does not listen");
    ready.reset();
  };
  Publication publication(cores, [&] { boost::asio::post(first, tell_ready); });
  Result<> administered;
  std::thread administrator([&] {
    ::pthread_setname_np(::pthread_self(), "administration");
    administered = administration.run(publication);
    if (!administered) end_all(cores, "the administration ended");
  });
  Timer patience(first);
  boost::asio::co_spawn(first, tell_after(patience, tell_ready), rethrow);
  // The watchers must not keep the first core's loop alive once it has drained.
  cores.front()->on_drained([&] {
    boost::system::error_code ignored;
    signals.close(ignored);
    alive.close(ignored);
    patience.cancel();
    if (tls) tls->stop();
    if (witnesses) witnesses->stop();
  });
  run_core(0);
  for (std::thread& thread : threads) thread.join();
  administration.stop();
  administrator.join();

  if (refusal) return *refusal;
  if (!administered) return administered;
  for (const auto& core : cores) {
    if (!core->why_stopped().empty()) return Error(Errc::kUnavailable, "the ledger stopped: " + core->why_stopped());
  }
  return {};
}

}  // namespace redoubt::gateway
