// How fast a start folds a ledger's facts: everything that Engine::open() does, from a ledger that lies on the disk to
// projections that can be published. Reading, hashes, opening of sealed values, the tables and their file are in it.
//
//   redoubt init --dir FOLDER --one-person --application demo
//   bench_fact_store --dir FOLDER --facts 200000      or --principals 10000 --keys-each 10, identities alone
//   bench_replay --dir FOLDER [--tail 100000] [--rounds 3]
//
// Three starts a round, with tables in a new folder within --tables: without any; with all but the facts of the tail;
// and with nothing to fold. CPU is of all threads, of which there are two at a time. The last line has the medians.
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
  double seconds = 0;
  double cpu_seconds = 0;
  double facts_a_second() const { return static_cast<double>(facts) / seconds; }
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
  return {.facts = engine->start().replayed, .seconds = seconds, .cpu_seconds = bench::cpu_seconds() - cpu};
}

double median(std::vector<double> values) {
  return bench::percentile(values, 0.5);
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
  std::vector<double> anew;
  std::vector<double> as_tail;
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
    std::printf("new tables   %8.0f facts/s: %llu in %.2f s, CPU %.1f us a fact\n", all.facts_a_second(),
                static_cast<unsigned long long>(all.facts), all.seconds, all.cpu_us());
    std::printf("as a tail    %8.0f facts/s: %llu in %.2f s, CPU %.1f us a fact; %.0f without the start beside it\n",
                last.facts_a_second(), static_cast<unsigned long long>(last.facts), last.seconds, last.cpu_us(), alone);
    std::printf("nothing new  %8.2f s\n", nothing.seconds);
    anew.push_back(all.facts_a_second());
    as_tail.push_back(last.facts_a_second());
    as_tail_alone.push_back(alone);
  }
  std::printf("bench_replay new_tables=%.0f tail=%.0f tail_alone=%.0f\n", median(anew), median(as_tail),
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
