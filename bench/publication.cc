// How soon a change is in force on every core, and what of memory it takes to say so.
//
//   bench_publication --principals 100000 --keys 1000000 --groups 1000 --cores 4 [--changes 500] [--load 4]
//
// The gateway as it serves, each core on a thread of its own, but without a keeper; beside it, on the administration's
// thread, the state's engine and identities over a system log that is made up. A change is a key revoked. One line:
//
//   publish_ms  from when the fact is folded until the last core decides by it, the making of the snapshot included
//   change_ms   from the proposal until then: tried, folded, its transaction committed, published. No ledger's sync
//   copied_kib  all that the process asked of the heap for a change, given back or not: a copy of everything would show
//
// With --load so many callers ask `/healthz` as fast as they are answered, in this process too: with as many of them as
// processors, cores and administration wait for a processor, and that is what is measured.
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>
#include <thread>

#include "bench/made_up_identities.h"
#include "bench/usage.h"
#include "gateway/gateway.h"
#include "gateway/policy_bundle.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "ledger/wire.h"
#include "net/http_server.h"

namespace {

std::atomic<std::uint64_t> heap_bytes{0};  // asked for so far

}  // namespace

// Every replaceable form that is not named here goes through these two (C++20, [new.delete]).
void* operator new(std::size_t size) {
  heap_bytes.fetch_add(size, std::memory_order_relaxed);
  void* const place = std::malloc(size);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}

namespace {

using namespace redoubt;
using bench::key_id;
using bench::SteadyClock;
using bench::stop;
using bench::take;

// Nothing is ever held.
class NoDesk final : public gateway::HoldDesk {
 public:
  void place(gateway::HoldWish, std::function<void(Result<std::string>)> done) override { done(no()); }
  void look(std::string, std::function<void(Result<gateway::SeenHold>)> done) override { done(no()); }

 private:
  static Error no() { return {Errc::kUnavailable, "nothing is held"}; }
};

// As the administration does it, on this thread: makes what is in force, and waits until every core has it.
class Waiting final : public state::Publisher {
 public:
  Waiting(gateway::AccessPublisher& cores, identity::IdentityProjection& identities)
      : cores_(cores), identities_(identities) {
    const gateway::PolicyFile file{"default.cedar", std::string(gateway::kDefaultPolicies)};
    policies_ = take(gateway::PolicyBundle::load({&file, 1}));
    inspection_ = take(gateway::Inspection::load("inspection.kinds = ['email_address']"));
  }

  void publish(std::function<void()> everywhere) override {
    const auto start = SteadyClock::now();
    std::atomic<bool> arrived{false};
    cores_.publish(
        gateway::Access(identities_.snapshot(), limits_, policies_, prices_, inspection_, "sha256:bench", {0}),
        [&arrived] {
          arrived = true;
          arrived.notify_one();
        });
    arrived.wait(false);
    times_ms.push_back(bench::seconds_since(start) * 1000);
    everywhere();
  }

  std::vector<double> times_ms;

 private:
  gateway::AccessPublisher& cores_;
  identity::IdentityProjection& identities_;
  const limits::Limits limits_;
  std::shared_ptr<const gateway::PolicyBundle> policies_;
  std::shared_ptr<const limits::Prices> prices_ = std::make_shared<const limits::Prices>();
  std::shared_ptr<const gateway::Inspection> inspection_;
};

struct Options {
  bench::IdentitySizes sizes;
  std::size_t cores = 4;
  std::size_t load = 0;
  std::size_t changes = 500;
  std::string folder;
};

void measure(gateway::AccessPublisher& cores, const Options& options) {
  const bench::IdentitySizes& sizes = options.sizes;
  bench::MadeUpLog log(sizes);
  identity::IdentityProjection identities;
  identity::ApprovalsProjection approvals;
  Waiting publisher(cores, identities);
  auto engine =
      take(state::Engine::open({.path = options.folder + "/state.db"}, {&identities, &approvals}, log, log, publisher));
  if (identities.snapshot().keys() != sizes.keys + 2) stop("not all facts were folded");

  std::mt19937_64 random(1);
  std::vector<double> changes_ms;
  std::vector<double> copied_kib;
  for (std::size_t i = 0; i < options.changes; ++i) {
    identity::Key key;
    key.id = key_id(random() % sizes.keys);
    key.version = engine->version_of(identity::key_object(key.id));
    state::Proposal wanted = identity::propose_revocation(key);
    wanted.actor = log.actor();
    bool done = false;
    const std::uint64_t heap_before = heap_bytes;
    const auto start = SteadyClock::now();
    engine->propose(std::move(wanted), [&](Result<state::Applied> applied) { done = applied.has_value(); });
    log.deliver();
    if (!done) continue;  // that key was revoked already
    changes_ms.push_back(bench::seconds_since(start) * 1000);
    copied_kib.push_back(static_cast<double>(heap_bytes - heap_before) / 1024);
  }
  std::printf(
      "publication principals=%llu keys=%llu cores=%zu load=%zu publish_ms_p50=%.3f publish_ms_p99=%.3f "
      "publish_ms_max=%.3f change_ms_p50=%.2f change_ms_p99=%.2f copied_kib_p50=%.1f changes=%zu\n",
      static_cast<unsigned long long>(sizes.principals), static_cast<unsigned long long>(sizes.keys), options.cores,
      options.load, bench::percentile(publisher.times_ms, 0.5), bench::percentile(publisher.times_ms, 0.99),
      bench::percentile(publisher.times_ms, 1), bench::percentile(changes_ms, 0.5), bench::percentile(changes_ms, 0.99),
      bench::percentile(copied_kib, 0.5), changes_ms.size());
}

// Measures in place of administering, on its own thread of the gateway's process, and then ends it.
class Measuring final : public gateway::Administration {
 public:
  explicit Measuring(const Options& options) : options_(options) {}

  Result<> run(gateway::AccessPublisher& cores) override {
    measure(cores, options_);
    ::kill(::getpid(), SIGTERM);
    stopped_.wait(false);
    return {};
  }
  gateway::HoldDesk& holds() override { return desk_; }
  gateway::BehaviourGauges behaviour() override { return {}; }
  gateway::NoticeGauges notices() override { return {}; }
  void set_tls(std::shared_ptr<const net::TlsServerContext>) override {}
  void reload() override {}
  void ledger_gone(const std::string&) override {}
  void drain(std::function<void()> drained) override { drained(); }
  void stop() override {
    stopped_ = true;
    stopped_.notify_one();
  }

 private:
  const Options& options_;
  NoDesk desk_;
  std::atomic<bool> stopped_{false};
};

// One question after another on one connection, until the server ends it.
void ask(std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // it does not listen yet
  }
  constexpr std::string_view kQuestion = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::array<char, 4096> answer{};
  while (::send(socket.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) > 0) {
    if (::recv(socket.get(), answer.data(), answer.size(), 0) <= 0) break;
  }
}

void run(const Options& options) {
  gateway::GatewaySettings settings;
  settings.origin = "bench.example/log";
  settings.ledger_directory = options.folder;
  settings.upstream_url = take(net::UpstreamUrl::parse("http://127.0.0.1:9"));
  settings.confine = [] { return Result<>(); };
  std::vector<gateway::CoreHandles> handles;
  std::vector<std::uint16_t> ports;
  const auto ring = [](std::size_t bytes) { return UniqueFd(::dup(take(SharedRing::create(bytes)).fd())); };
  const auto wake = [] { return UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); };
  for (std::size_t i = 0; i < options.cores; ++i) {
    handles.push_back({.listener = take(net::bind_tcp("127.0.0.1:0")),
                       .request_ring = ring(ledger::kRequestRingBytes),
                       .answer_ring = ring(ledger::kAnswerRingBytes),
                       .wake = wake()});
    ports.push_back(net::bound_port(handles.back().listener.get()));
  }
  std::array<int, 2> alive{};
  if (::pipe2(alive.data(), O_CLOEXEC) != 0) stop("cannot make a pipe");
  const UniqueFd keeper(alive[1]);
  limits::Meters meters({1, 2}, 1024);
  Measuring measuring(options);
  std::vector<std::thread> callers;
  sigset_t signals;  // of the gateway alone
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (std::size_t i = 0; i < options.load; ++i) callers.emplace_back(ask, ports[i % ports.size()]);
  take(gateway::run_gateway(settings, std::move(handles), measuring, meters, wake(), UniqueFd(alive[0]), UniqueFd()));
  for (std::thread& caller : callers) caller.join();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::string dir = std::filesystem::temp_directory_path();
  CLI::App app("How soon a change is in force on every core.");
  app.add_option("--principals", options.sizes.principals)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{200'000}));
  app.add_option("--keys", options.sizes.keys)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'900'000}));
  app.add_option("--groups", options.sizes.groups)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{9000}));
  app.add_option("--cores", options.cores)->check(CLI::Range(1, 64));
  app.add_option("--load", options.load, "callers that ask all the time, each on a connection")
      ->check(CLI::Range(0, 64));
  app.add_option("--changes", options.changes);
  app.add_option("--dir", dir, "a folder on the disk to measure");
  CLI11_PARSE(app, argc, argv);
  options.folder = dir + "/bench-publication-XXXXXX";
  if (::mkdtemp(options.folder.data()) == nullptr) stop("cannot make a folder in `" + dir + "`");
  run(options);
  std::filesystem::remove_all(options.folder);
  return 0;
}
