// What identities cost: memory, start, a change, and finding who calls.
//
//   bench_identity --principals 100000 --keys 1000000 --groups 1000 [--changes 200]
//
// The system log is made up as it is read, so that it takes no memory; the tables lie in a new folder under --dir, and
// are folded from it. A change is a key revoked: tried, folded, synced, and a copy of the new snapshot held in place of
// the last one, as a core does. Prints one line. Of the processor time that a replayed fact takes, `made_up_us` is what
// making up the log takes, which no server does.
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench/made_up_identities.h"
#include "bench/usage.h"
#include "identity/approvals.h"
#include "identity/entity_cache.h"
#include "identity/identity_projection.h"
#include "state/engine.h"

namespace {

using namespace redoubt;
using bench::key_id;
using bench::key_text;
using bench::seconds_since;
using bench::SteadyClock;
using bench::stop;
using bench::take;

// One core.
class Core final : public state::Publisher {
 public:
  explicit Core(identity::IdentityProjection& projection) : projection_(projection) {}
  void publish(std::function<void()> everywhere) override {
    holds = projection_.snapshot();
    everywhere();
  }
  identity::Identities holds;

 private:
  identity::IdentityProjection& projection_;
};

double resident_mib() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

double nanoseconds_each(std::size_t count, const std::function<void(std::size_t)>& one) {
  const auto start = SteadyClock::now();
  for (std::size_t i = 0; i < count; ++i) one(i);
  return seconds_since(start) * 1e9 / static_cast<double>(count);
}

void measure(const bench::IdentitySizes& sizes, std::size_t changes, const std::string& folder) {
  const double before = resident_mib();
  bench::MadeUpLog log(sizes);
  identity::IdentityProjection projection;
  identity::ApprovalsProjection approvals;
  Core core(projection);
  double cpu = bench::cpu_seconds();
  take(log.read(0, [](const state::FactSource::Entry&) -> Result<bool> { return true; }));
  const double made_up = bench::cpu_seconds() - cpu;
  cpu = bench::cpu_seconds();
  auto start = SteadyClock::now();
  auto engine = take(state::Engine::open({.path = folder + "/state.db"}, {&projection, &approvals}, log, log, core));
  const double replay = seconds_since(start);
  const double replay_cpu = bench::cpu_seconds() - cpu;
  const auto facts = static_cast<double>(engine->start().replayed);
  core.holds = projection.snapshot();
  if (core.holds.keys() != sizes.keys + 2) stop("not all facts were folded");
  engine.reset();

  // As a server starts: the tables are there, and memory is loaded from them.
  projection = identity::IdentityProjection();
  core.holds = {};
  start = SteadyClock::now();
  engine = take(state::Engine::open({.path = folder + "/state.db"}, {&projection, &approvals}, log, log, core));
  const double load = seconds_since(start);
  core.holds = projection.snapshot();
  const double after = resident_mib();

  std::mt19937_64 random(1);
  std::vector<std::string> fields;
  for (int i = 0; i < 100'000; ++i) fields.push_back("Bearer " + key_text(random() % sizes.keys));
  std::size_t found = 0;
  const double find_ns = nanoseconds_each(fields.size(), [&](std::size_t i) {
    if (core.holds.find(fields[i], log.now()) != nullptr) ++found;
  });
  if (found != fields.size()) stop("a key was not found");

  identity::EntityCache cache(nullptr);
  const auto principal = [&](std::size_t i) -> const identity::Principal& {
    return *core.holds.principal("application-" + std::to_string(i % sizes.principals));
  };
  const double make_ns =
      nanoseconds_each(4000, [&](std::size_t i) { (void)cache.entities_of(core.holds, principal(i), log.now()); });
  const double kept_ns =
      nanoseconds_each(4000, [&](std::size_t i) { (void)cache.entities_of(core.holds, principal(i), log.now()); });

  std::vector<double> times_ms;
  for (std::size_t i = 0; i < changes; ++i) {
    identity::Key key;
    key.id = key_id(random() % sizes.keys);
    key.version = engine->version_of(identity::key_object(key.id));
    state::Proposal wanted = identity::propose_revocation(key);
    wanted.actor = log.actor();
    bool done = false;
    start = SteadyClock::now();
    engine->propose(std::move(wanted), [&](Result<state::Applied> applied) { done = applied.has_value(); });
    log.deliver();
    if (done) times_ms.push_back(seconds_since(start) * 1000);
  }
  std::printf(
      "identity principals=%zu groups=%zu keys=%zu resident_mib=%.0f replay_facts_s=%.0f replay_cpu_us=%.1f "
      "made_up_us=%.1f load_s=%.2f "
      "find_ns=%.0f entities_made_ns=%.0f entities_kept_ns=%.0f change_ms_p50=%.2f change_ms_p99=%.2f changes=%zu\n",
      core.holds.principals(), core.holds.groups(), core.holds.keys(), after - before, facts / replay,
      replay_cpu / facts * 1e6, made_up / facts * 1e6, load, find_ns, make_ns, kept_ns,
      bench::percentile(times_ms, 0.5), bench::percentile(times_ms, 0.99), times_ms.size());
}

}  // namespace

int main(int argc, char** argv) {
  bench::IdentitySizes sizes;
  std::size_t changes = 200;
  std::string dir = std::filesystem::temp_directory_path();
  CLI::App app("What identities cost.");
  app.add_option("--principals", sizes.principals)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{200'000}));
  app.add_option("--keys", sizes.keys)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'900'000}));
  app.add_option("--groups", sizes.groups)->check(CLI::Range(std::uint64_t{1}, std::uint64_t{9000}));
  app.add_option("--changes", changes);
  app.add_option("--dir", dir, "a folder on the disk to measure");
  CLI11_PARSE(app, argc, argv);
  std::string folder = dir + "/bench-identity-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) stop("cannot make a folder in `" + dir + "`");
  measure(sizes, changes, folder);
  std::filesystem::remove_all(folder);
  return 0;
}
