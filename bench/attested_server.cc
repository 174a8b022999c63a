// What it costs to know what is at the other end of a new TLS connection: a handshake and one small request, plain;
// with a lease; with evidence, a fresh quote each. And the request alone, on a connection that is kept: without it a
// handshake that nothing answers would count as whole before the server has read its end. By turns, against one running
// server. Then many at once: how many quotes they need.
//
// bench/attested_server starts the server and calls this.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http_client.h"
#include "redoubt/attest/server_guard.h"

namespace {

using namespace redoubt;
using app::attest_verbs::ServerGuard;

// Each connection is asked for evidence: no lease goes on. What the asker has read and verified before it knows, as the
// client of a plain connection knows its trust anchors.
class FreshGuard final : public net::ConnectionGuard {
 public:
  FreshGuard(const ServerGuard& accepted, ServerGuard::Now now) : guard_(terms_of(accepted), std::move(now)) {}

  net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> admit(net::GuardedConnection& connection) override {
    auto peer = co_await guard_.admit(connection);
    if (peer) {
      ++verified_;
      names_.insert(guard_.peer()->lease->evidence);
    }
    co_return peer;
  }
  void forget() {
    verified_ = 0;
    names_.clear();
  }
  // Evidence that shares a quote has one name.
  std::size_t quotes() const { return names_.size(); }
  std::size_t verified() const { return verified_; }

 private:
  static attest::PeerTerms terms_of(const ServerGuard& accepted) {
    attest::PeerTerms terms;
    terms.policies.push_back(accepted.policy());
    terms.references = accepted.references();
    terms.lease_ms = -1;  // over as soon as it begins
    return terms;
  }

  ServerGuard guard_;
  std::size_t verified_ = 0;
  std::set<crypto::Sha256Digest> names_;
};

// Nanoseconds that all threads of a process have run.
std::uint64_t cpu_of(int pid) {
  std::uint64_t sum = 0;
  std::error_code ignored;
  const std::string folder = pid == 0 ? "/proc/self/task" : "/proc/" + std::to_string(pid) + "/task";
  for (const auto& each : std::filesystem::directory_iterator(folder, ignored)) {
    std::uint64_t ran = 0;
    std::ifstream(each.path() / "schedstat") >> ran;
    sum += ran;
  }
  return sum;
}

struct Side {
  const char* name;
  std::unique_ptr<net::HttpClient> client;
  std::vector<double> wall_us{};
  std::vector<double> client_cpu_us{};
  std::vector<double> server_cpu_us{};
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Counts {
  std::size_t good = 0;
  std::size_t bad = 0;
  std::string why;
};

net::Task<> connect_once(net::HttpClient& client, Counts& counts) {
  const net::ClientRequest request{.method = net::Method::kGet, .path = "/healthz", .headers = {}, .body = {}};
  auto response = co_await client.send(request);
  if (!response) {
    ++counts.bad;
    counts.why = response.error().message();
    co_return;
  }
  while (true) {
    const auto piece = co_await (*response)->read_some();
    if (!piece || piece->empty()) break;
  }
  ++counts.good;
}

net::Task<> connect_in_turn(net::HttpClient& client, int times, Counts& counts) {
  for (int i = 0; i < times; ++i) co_await connect_once(client, counts);
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

class Bench {
 public:
  Bench(std::string url, std::string ca_file, const ServerGuard& accepted, ServerGuard& lease, std::vector<int> pids)
      : fresh_(accepted, [this] { return clock_.now(); }), pids_(std::move(pids)) {
    limits_.connect_timeout = std::chrono::seconds(60);
    limits_.ca_file = std::move(ca_file);
    for (const char* const name : {"request", "plain", "lease", "fresh"}) {
      limits_.max_idle_connections =
          sides_.empty() ? 1 : 0;  // but for the first, each request has a connection of its own
      sides_.push_back({name, std::make_unique<net::HttpClient>(io_, sweep_, *net::UpstreamUrl::parse(url), limits_)});
    }
    sides_[2].client->guard(lease);
    sides_[3].client->guard(fresh_);
    sweep_.start();
  }

  bool turn(Side& side, int times) {
    Counts counts;
    const std::uint64_t own = cpu_of(0);
    const std::uint64_t theirs = server_cpu();
    const auto began = std::chrono::steady_clock::now();
    boost::asio::co_spawn(io_, connect_in_turn(*side.client, times, counts), rethrow);
    run_until(counts, static_cast<std::size_t>(times));
    const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - began;
    side.wall_us.push_back(wall.count() / times);
    side.client_cpu_us.push_back(static_cast<double>(cpu_of(0) - own) / 1e3 / times);
    side.server_cpu_us.push_back(static_cast<double>(server_cpu() - theirs) / 1e3 / times);
    fresh_.forget();
    if (counts.bad != 0) std::fprintf(stderr, "%s: %s\n", side.name, counts.why.c_str());
    return counts.bad == 0;
  }

  bool crowd(std::size_t askers) {
    Counts counts;
    fresh_.forget();
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < askers; ++i) {
      boost::asio::co_spawn(io_, connect_once(*sides_[3].client, counts), rethrow);
    }
    run_until(counts, askers);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    std::printf("%zu at once: %zu verified, %zu quotes, %.2f s\n", askers, fresh_.verified(), fresh_.quotes(),
                wall.count());
    quotes_ = fresh_.quotes();
    if (counts.bad != 0) std::fprintf(stderr, "%zu failed: %s\n", counts.bad, counts.why.c_str());
    return counts.bad == 0;
  }

  std::vector<Side>& sides() { return sides_; }
  std::size_t quotes() const { return quotes_; }

 private:
  std::uint64_t server_cpu() const {
    std::uint64_t sum = 0;
    for (const int pid : pids_) sum += cpu_of(pid);
    return sum;
  }
  void run_until(const Counts& counts, std::size_t count) {
    io_.restart();
    while (counts.good + counts.bad < count) io_.run_one();
  }

  SystemClock clock_;
  boost::asio::io_context io_{1};
  net::DeadlineSweep sweep_{io_};
  net::ClientLimits limits_;
  FreshGuard fresh_;
  const std::vector<int> pids_;
  std::vector<Side> sides_;
  std::size_t quotes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("what attested connections cost; bench/attested_server starts it");
  std::string url;
  std::string pin;
  std::string ca_file;
  std::vector<int> pids;
  int rounds = 15;
  int times = 20;
  std::size_t askers = 1000;
  app.add_option("url", url)->required();
  app.add_option("--pin", pin)->required();
  app.add_option("--ca-file", ca_file)->required();
  app.add_option("--pid", pids, "whose processor time counts as the server's");
  app.add_option("--rounds", rounds);
  app.add_option("--times", times, "connections in a turn");
  app.add_option("--askers", askers);
  CLI11_PARSE(app, argc, argv);

  const SystemClock clock;
  auto lease = ServerGuard::create({.policy = {}, .pinned_key = pin, .references = {}}, [&] { return clock.now(); });
  if (!lease) {
    std::fprintf(stderr, "%s\n", lease.error().message().c_str());
    return 3;
  }
  Bench bench(url, ca_file, **lease, **lease, pids);
  bool good = true;
  for (Side& side : bench.sides()) good = bench.turn(side, 2) && good;  // warm; and the lease is got
  for (Side& side : bench.sides()) side.wall_us.clear(), side.client_cpu_us.clear(), side.server_cpu_us.clear();
  for (int round = 0; good && round < rounds; ++round) {
    for (Side& side : bench.sides()) good = bench.turn(side, times) && good;
  }
  good = good && bench.crowd(askers);
  if (!good) return 3;
  std::array<double, 4> wall{};
  std::array<double, 4> cpu{};
  for (std::size_t i = 0; i < bench.sides().size(); ++i) {
    const Side& side = bench.sides()[i];
    wall[i] = median(side.wall_us);
    cpu[i] = median(side.client_cpu_us) + median(side.server_cpu_us);
    std::printf("%s: %.0f us, CPU %.0f us client, %.0f us server\n", side.name, wall[i], median(side.client_cpu_us),
                median(side.server_cpu_us));
  }
  const auto [request, plain, lease_us, fresh] = wall;
  std::printf("without the request: fresh=%.2f lease=%.2f\n", (fresh - request) / (plain - request),
              (lease_us - request) / (plain - request));
  std::printf("attested_server fresh=%.2f lease=%.2f fresh_cpu=%.2f lease_cpu=%.2f quotes_per_%zu=%zu\n", fresh / plain,
              lease_us / plain, cpu[3] / cpu[1], cpu[2] / cpu[1], askers, bench.quotes());
  return 0;
}
