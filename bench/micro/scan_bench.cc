// What it costs to read a log front to back, every entry checked: the start of whoever makes his state from it. The
// files are in the page cache; `items_per_second` are entries.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "bench/bench_ledger.h"
#include "ledger/log_scan.h"
#include "record/fact_record.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace redoubt;

constexpr std::uint64_t kFacts = 100'000;

record::Fact nth_fact(std::uint64_t n) {
  record::Fact fact;
  fact.uid = "00112233445566778899aabbccddeeff";
  fact.time = {1'780'000'000'000 + static_cast<std::int64_t>(n)};
  if (n > 0) fact.previous = n - 1;
  fact.kind = "identity.key.rotate";
  fact.verb = record::FactVerb::kUpdate;
  fact.object = "key/k" + std::to_string(n % 1000);
  fact.expects = n / 1000;
  fact.body = R"({"principal":"svc-triage","digest":")" + std::string(64, 'd') +
              R"(","scopes":["chat","models"],"expires":1790000000000,"overlap_ms":86400000})";
  fact.actor = {.principal = "alice", .credential = "k7", .on_behalf_of = "", .method = "api_key", .strength = 1};
  fact.before = R"({"principal":"svc-triage","scopes":["chat","models"],"expires":1785000000000})";
  fact.after = R"({"principal":"svc-triage","scopes":["chat","models"],"expires":1790000000000})";
  return fact;
}

// A ledger of kFacts facts, made once.
class Facts {
 public:
  Facts() {
    auto ledger = bench::BenchLedger::open(fs_, temp_.path(), crypto::Ed25519PrivateKey::generate());
    if (!ledger) return;
    std::string record;
    for (std::uint64_t n = 0; n < kFacts; ++n) {
      record.clear();
      if (!record::append_fact(record, nth_fact(n), {"bench.example/log", "", "0"})) return;
      if (!(*ledger)->add(as_bytes(record), ledger::EntryKind::kFact)) return;
      bytes_ += record.size();
      if (n % 1000 == 999 && !(*ledger)->commit()) return;
    }
    made_ = (*ledger)->publish().has_value();
  }
  bool made() const { return made_; }
  double bytes_each() const { return static_cast<double>(bytes_) / kFacts; }
  Result<ledger::LogScan> scan() { return ledger::LogScan::open(fs_, temp_.path(), {}, {0}); }

 private:
  testing_support::TempDir temp_;
  PosixFileSystem fs_;
  std::uint64_t bytes_ = 0;
  bool made_ = false;
};

template <class Take>
void scan_all(benchmark::State& state, Take&& take) {
  static Facts facts;
  if (!facts.made()) return state.SkipWithError("the ledger was not made");
  for (auto _ : state) {
    auto scan = facts.scan();
    for (std::uint64_t n = 0; n < kFacts; ++n) {
      const auto entry = scan->next();
      if (!entry || !*entry || !take(**entry)) return state.SkipWithError("an entry was not read");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kFacts));
  state.counters["bytes"] = facts.bytes_each();
}

void ScanLog(benchmark::State& state) {
  scan_all(state, [](const ledger::ScannedEntry& entry) { return !entry.leaf.empty(); });
}
BENCHMARK(ScanLog)->Unit(benchmark::kMillisecond);

void ScanLogAndReadFacts(benchmark::State& state) {
  record::FactReader reader;
  scan_all(state, [&](const ledger::ScannedEntry& entry) {
    const auto fact = reader.read(entry.leaf);
    return fact && *fact != nullptr;
  });
}
BENCHMARK(ScanLogAndReadFacts)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
