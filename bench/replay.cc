// How fast a start folds a ledger's facts: everything that Engine::open() does, from a ledger that lies on the disk to
// projections that can be published ("served"), and on to tables that are in their file ("written"), which goes on
// beside whatever else then begins; here nothing does. Reading, hashes and the opening of sealed values are in both.
//
//   redoubt init --dir FOLDER --one-person --application demo
//   bench_fact_store --dir FOLDER --facts 200000      or --principals 10000 --keys-each 10, identities alone
//   bench_replay --dir FOLDER [--tail 100000] [--rounds 3]
//
// Three starts a round, with tables in a new folder within --tables: without any; with all but the facts of the tail;
// and with nothing to fold. CPU is of all threads, of which there are two at a time, until all is written. The last
// line has the medians of facts a second: without `_written`, until all can be served.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "bench/usage.h"
#include "keys/key_store.h"
#include "redoubt/layout.h"
#include "redoubt/offline_state.h"
#include "state/engine.h"

namespace {

using namespace redoubt;
using bench::stop;
using bench::take;

// A ledger as it was when it had `end` entries.
class Until final : public state::FactSource {
 public:
  Until(state::FactSource& source, std::uint64_t end) : source_(source), end_(end) {}
  Result<std::uint64_t> size() override { return std::min(end_, take(source_.size())); }
  Result<std::uint64_t> first() override { return source_.first(); }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& visit) override {
    return source_.read(from,
                        [&](const Entry& entry) { return entry.index < end_ ? visit(entry) : Result<bool>(false); });
  }
  Result<Entry> read_one(std::uint64_t index) override { return source_.read_one(index); }
  Result<Bytes> open(std::uint64_t index) override { return source_.open(index); }

 private:
  state::FactSource& source_;
  const std::uint64_t end_;
};

// Nothing is changed here.
struct Nowhere final : state::FactSink, state::Publisher {
  void append(std::string, std::string, std::function<void(Result<std::uint64_t>)>) override { stop("a change"); }
  UnixMillis now() override { return {}; }
  record::RecordSource source() const override { return {}; }
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

struct Start {
  std::uint64_t facts = 0;
  double seconds = 0;          // until memory is loaded
  double seconds_written = 0;  // until the file has it, too
  double cpu_seconds = 0;
  double served() const { return static_cast<double>(facts) / seconds; }
  double written() const { return static_cast<double>(facts) / seconds_written; }
  double cpu_us() const { return cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(facts, 1)); }
};

// With projections that know nothing yet, as a program that starts has them.
Start start(const app::Layout& layout, const keys::KeyStore& keys, const std::string& tables, std::uint64_t end) {
  auto offline = take(app::OfflineState::open(layout, &keys));
  Until source(offline->source(), end);
  Nowhere nowhere;
  const auto projections = offline->projections();
  const double cpu = bench::cpu_seconds();
  const auto begun = bench::SteadyClock::now();
  const auto engine =
      take(state::Engine::open({.path = tables}, {projections.begin(), projections.end()}, source, nowhere, nowhere));
  const double seconds = bench::seconds_since(begun);
  if (auto written = engine->await_written(); !written) stop(written.error().message());
  return {.facts = engine->start().replayed,
          .seconds = seconds,
          .seconds_written = bench::seconds_since(begun),
          .cpu_seconds = bench::cpu_seconds() - cpu};
}

double median(std::vector<double> values) {
  return bench::percentile(values, 0.5);
}

void print(const char* what, const Start& start) {
  std::printf("%s %8.0f facts/s served, %8.0f written: %llu in %.2f and %.2f s, CPU %.1f us a fact\n", what,
              start.served(), start.written(), static_cast<unsigned long long>(start.facts), start.seconds,
              start.seconds_written, start.cpu_us());
}

void measure(const std::string& dir, const std::string& folder, std::uint64_t tail, std::size_t rounds) {
  const app::Layout layout(dir);
  const keys::KeyStore keys = keys::KeyStore::plain();
  const std::string tables = folder + "/state.db";
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t entries = 0;
  {
    auto offline = take(app::OfflineState::open(layout, &keys));
    entries = take(offline->source().size());
  }
  if (tail == 0) tail = entries / 2;
  if (tail >= entries) stop("the ledger has " + std::to_string(entries) + " entries");
  struct Figures {
    std::vector<double> served;
    std::vector<double> written;
  };
  Figures anew;
  Figures as_tail;
  std::vector<double> as_tail_alone;
  for (std::size_t round = 0; round < rounds; ++round) {
    const Start all = start(layout, keys, tables, kAll);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(tables + suffix);
    start(layout, keys, tables, entries - tail);
    const Start last = start(layout, keys, tables, kAll);
    const Start nothing = start(layout, keys, tables, kAll);
    if (last.facts == 0 || nothing.facts != 0) stop("the tail was not folded");
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(tables + suffix);
    const double alone = static_cast<double>(last.facts) / (last.seconds - nothing.seconds);
    print("new tables ", all);
    print("as a tail  ", last);
    std::printf("            %8.0f facts/s served, without the start beside it\n", alone);
    std::printf("nothing new %8.2f s\n", nothing.seconds);
    anew.served.push_back(all.served());
    anew.written.push_back(all.written());
    as_tail.served.push_back(last.served());
    as_tail.written.push_back(last.written());
    as_tail_alone.push_back(alone);
  }
  std::printf("bench_replay new_tables=%.0f new_tables_written=%.0f tail=%.0f tail_written=%.0f tail_alone=%.0f\n",
              median(anew.served), median(anew.written), median(as_tail.served), median(as_tail.written),
              median(as_tail_alone));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast a start folds a ledger's facts.");
  std::string dir;
  std::string tables = std::filesystem::temp_directory_path();
  std::uint64_t tail = 0;
  std::size_t rounds = 3;
  app.add_option("--dir", dir, "Redoubt's folder; no server runs")->required();
  app.add_option("--tables", tables, "where the tables are made")->capture_default_str();
  app.add_option("--tail", tail, "entries that the tables lack; 0: half of them")->capture_default_str();
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 100))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::string folder = tables + "/bench-replay-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) stop("cannot make a folder in `" + tables + "`");
  measure(dir, folder, tail, rounds);
  std::filesystem::remove_all(folder);
  return 0;
}
