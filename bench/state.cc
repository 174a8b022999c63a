// What the state costs: replay, a change, the map that snapshots are made of.
//
//   bench_state replay --facts 1000000 --dir FOLDER   facts in memory, folded: all of them into new tables, then the
//                                                     second half as a tail; and a start with nothing to fold
//   bench_state change --facts 2000 --dir FOLDER      one change at a time, appended at once and durable nowhere
//   bench_state map --entries 1000000                 PersistentMap: filling, finding, changing
//
// The facts are of keys: four in five issue one, the others rotate or revoke it. The last line is `NAME what=…`.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <random>
#include <vector>

#include "bench/usage.h"
#include "state/engine.h"
#include "state/persistent_map.h"

namespace {

using namespace redoubt;
using bench::seconds_since;
using bench::SteadyClock;
using bench::stop;
using bench::take;

// Keys and whose they are.
class Keys final : public state::Projection {
 public:
  struct Key {
    std::string principal;
    std::string digest;
    std::int64_t expires = 0;
    bool revoked = false;
  };

  std::string_view module() const override { return "bench"; }
  std::span<const std::string_view> schema_steps() const override {
    static constexpr std::array<std::string_view, 1> kSteps{
        "CREATE TABLE bench_keys(id TEXT NOT NULL PRIMARY KEY, principal TEXT NOT NULL, digest TEXT NOT NULL, "
        "expires INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;"};
    return kSteps;
  }

  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override {
    const std::string_view id = std::string_view(fact.fact.object).substr(4);
    const bool known = tables.find("bench_keys", {id}) != nullptr;
    std::int64_t expires = 0;
    if (fact.fact.kind != "bench.key.revoke" && fact.body["expires"].get(expires) != simdjson::SUCCESS) {
      return Error(Errc::kInvalidArgument, "`expires` is no time");
    }
    const std::string_view digest = encoding::string_member(fact.body, "digest");
    if (fact.fact.kind == "bench.key.issue") {
      if (known) return Error(Errc::kAlreadyExists, "there is such a key");
      tables.put("bench_keys", {id, encoding::string_member(fact.body, "principal"), digest, expires, 0});
      return {};
    }
    if (!known) return Error(Errc::kNotFound, "there is no such key");
    if (fact.fact.kind == "bench.key.rotate") {
      (void)tables.change("bench_keys", {id}, {{2, digest}, {3, expires}});
    } else {
      (void)tables.change("bench_keys", {id}, {{4, 1}});
    }
    return {};
  }
  void erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) override {}

  Result<> load(state::Tables& tables) override {
    keys = {};
    return tables.each_row("bench_keys", [this](const state::Row& row) {
      keep(row);
      return true;
    });
  }
  void follow(const state::FoldedFact& fact, state::Tables& tables) override {
    const auto row = tables.find_row("bench_keys", {std::string_view(fact.fact.object).substr(4)});
    if (row && *row != nullptr) keep(**row);
  }

  state::PersistentMap<Key> keys;

 private:
  void keep(const state::Row& row) {
    keys.set(row.text(0), std::make_shared<const Key>(Key{std::string(row.text(1)), std::string(row.text(2)),
                                                          row.integer(3), row.integer(4) != 0}));
  }
};

// A ledger of facts in memory.
class Memory final : public state::FactSource, public state::FactSink {
 public:
  Result<std::uint64_t> size() override { return std::uint64_t{end}; }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& visit) override {
    for (std::uint64_t i = from; i < end; ++i) {
      auto more = visit({.index = i, .leaf_hash = hashes[i], .record = as_bytes(records[i])});
      if (!more) return more.error();
      if (!*more) return {};
    }
    return {};
  }
  Result<Entry> read_one(std::uint64_t index) override {
    if (index >= end) return Error(Errc::kNotFound, "there is no such entry");
    return Entry{.index = index, .leaf_hash = hashes[index], .record = as_bytes(records[index])};
  }
  Result<Bytes> open(std::uint64_t) override { return Error(Errc::kNotFound, "there are no values"); }
  void append(std::string record, std::string, std::function<void(Result<std::uint64_t>)> done) override {
    put(std::move(record));
    waiting.push_back([done = std::move(done), index = end - 1] { done(index); });
  }
  UnixMillis now() override { return {1'780'000'000'000}; }
  record::RecordSource source() const override { return {.log_origin = "redoubt.example/ledger"}; }

  void put(std::string record) {
    hashes.push_back(tlog::leaf_hash(as_bytes(record)));
    records.push_back(std::move(record));
    end = records.size();
  }

  std::vector<std::string> records;
  std::vector<tlog::Hash> hashes;
  std::size_t end = 0;  // what there is of them
  std::deque<std::function<void()>> waiting;
};

class Nowhere final : public state::Publisher {
 public:
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

std::string hex(std::mt19937_64& random, int digits) {
  std::string text;
  while (static_cast<int>(text.size()) < digits) {
    std::array<char, 17> word{};
    std::snprintf(word.data(), word.size(), "%016llx", static_cast<unsigned long long>(random()));
    text += word.data();
  }
  text.resize(static_cast<std::size_t>(digits));
  return text;
}

std::string issue_body(std::mt19937_64& random) {
  return R"({"principal":"svc-)" + std::to_string(random() % 100'000) + R"(","expires":1790000000000,"digest":")" +
         hex(random, 64) + R"("})";
}

void fill(Memory& ledger, std::size_t facts) {
  std::mt19937_64 random(1);
  std::vector<std::pair<std::string, std::uint64_t>> keys;  // and their versions
  for (std::size_t i = 0; i < facts; ++i) {
    record::Fact fact{.uid = hex(random, 32), .time = {1'780'000'000'000 + static_cast<std::int64_t>(i)}};
    if (i > 0) fact.previous = i - 1;
    fact.actor = {.principal = "alice", .credential = "k3xq7m2p9ab1", .method = "api_key", .strength = 1};
    const std::uint64_t kind = keys.empty() ? 0 : random() % 10;
    if (kind < 8) keys.emplace_back("key/" + hex(random, 12), 0);
    auto& [object, version] = kind < 8 ? keys.back() : keys[random() % keys.size()];
    fact.object = object;
    fact.expects = version++;
    fact.kind = kind < 8 ? "bench.key.issue" : kind == 8 ? "bench.key.rotate" : "bench.key.revoke";
    fact.verb = kind < 8 ? record::FactVerb::kCreate : record::FactVerb::kUpdate;
    fact.body = kind == 9 ? "{}" : issue_body(random);
    std::string record;
    if (auto done = record::append_fact(record, fact, ledger.source()); !done) stop(done.error().message());
    ledger.put(std::move(record));
  }
}

double memory_mib() {
  return static_cast<double>(::mallinfo2().uordblks) / (1024 * 1024);
}

// Opens the engine over what the ledger has, and closes it; the seconds that opening took.
double open_once(const std::string& path, Memory& ledger, Keys& keys) {
  Nowhere nowhere;
  const auto start = SteadyClock::now();
  auto engine = take(state::Engine::open({.path = path}, {&keys}, ledger, ledger, nowhere));
  return seconds_since(start);
}

int replay(const std::string& folder, std::size_t facts) {
  Memory ledger;
  fill(ledger, facts);
  const std::string path = folder + "/state.db";
  const auto per_second = [&](std::size_t count, double seconds) { return static_cast<double>(count) / seconds; };

  double before = memory_mib();
  std::filesystem::remove(path);
  double all = 0;
  {
    Keys keys;
    const double cpu = bench::cpu_seconds();
    all = open_once(path, ledger, keys);
    std::printf("new tables   %9.0f facts/s, %.2f s, CPU %.2f s, %zu keys, %.0f MiB in memory, file %.0f MiB\n",
                per_second(facts, all), all, bench::cpu_seconds() - cpu, keys.keys.size(), memory_mib() - before,
                static_cast<double>(std::filesystem::file_size(path)) / (1024 * 1024));
    Keys anew;  // as a program that starts has them
    const double nothing = open_once(path, ledger, anew);
    std::printf("nothing new  %9.2f s\n", nothing);
  }
  std::filesystem::remove(path);
  ledger.end = facts / 2;
  double half = 0;
  {
    Keys first_half;
    open_once(path, ledger, first_half);
    Keys anew;
    half = open_once(path, ledger, anew);
  }
  ledger.end = facts;
  Keys keys;
  const double cpu = bench::cpu_seconds();
  const double tail = open_once(path, ledger, keys);
  std::printf("as a tail    %9.0f facts/s, %.2f s of which %.2f s load the tables, CPU %.2f s\n",
              per_second(facts - facts / 2, tail), tail, half, bench::cpu_seconds() - cpu);
  std::printf("bench_state replay=%.0f\n", per_second(facts, all));
  return 0;
}

int change(const std::string& folder, std::size_t facts) {
  Memory ledger;
  Keys keys;
  Nowhere nowhere;
  const std::string path = folder + "/state.db";
  std::filesystem::remove(path);
  fill(ledger, 100'000);
  auto engine = take(state::Engine::open({.path = path}, {&keys}, ledger, ledger, nowhere));
  std::mt19937_64 random(2);
  std::vector<double> microseconds;
  for (std::size_t i = 0; i < facts; ++i) {
    state::Proposal proposal{.kind = "bench.key.issue",
                             .verb = record::FactVerb::kCreate,
                             .object = "key/" + hex(random, 12),
                             .body = issue_body(random),
                             .actor = {.principal = "alice"}};
    const auto start = SteadyClock::now();
    engine->propose(std::move(proposal), [&](const Result<state::Applied>& done) {
      if (!done) stop(done.error().message());
    });
    while (!ledger.waiting.empty()) {
      const auto next = std::move(ledger.waiting.front());
      ledger.waiting.pop_front();
      next();
    }
    microseconds.push_back(seconds_since(start) * 1e6);
  }
  std::printf("bench_state change_us_p50=%.0f p99=%.0f\n", bench::percentile(microseconds, 0.5),
              bench::percentile(microseconds, 0.99));
  return 0;
}

int map(std::size_t entries) {
  std::mt19937_64 random(3);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < entries; ++i) names.push_back(hex(random, 12));
  struct Value {
    std::array<char, 64> bytes{};
  };
  double before = memory_mib();
  state::PersistentMap<Value> map;
  auto start = SteadyClock::now();
  for (const std::string& name : names) map.set(name, std::make_shared<const Value>());
  std::printf("filling      %9.0f ns an entry, %.0f bytes an entry (value 64, its count 16)\n",
              seconds_since(start) * 1e9 / static_cast<double>(entries),
              (memory_mib() - before) * 1024 * 1024 / static_cast<double>(entries));
  std::shuffle(names.begin(), names.end(), random);
  std::size_t found = 0;
  start = SteadyClock::now();
  for (const std::string& name : names) found += map.find(name) != nullptr ? 1 : 0;
  const double finding = seconds_since(start) * 1e9 / static_cast<double>(entries);
  std::printf("finding      %9.0f ns, of all %zu at random\n", finding, found);
  start = SteadyClock::now();
  for (std::size_t round = 0; round < 1000; ++round) {
    for (std::size_t i = 0; i < 1000; ++i) found += map.find(names[i]) != nullptr ? 1 : 0;
  }
  std::printf("finding      %9.0f ns, of 1,000 (%zu)\n", seconds_since(start) * 1e3, found);

  std::vector<state::PersistentMap<Value>> kept;
  const std::size_t changes = std::min<std::size_t>(entries, 10'000);
  kept.reserve(changes);
  before = memory_mib();
  start = SteadyClock::now();
  for (std::size_t i = 0; i < changes; ++i) kept.push_back(map.with(names[i], map.share(names[i])));
  std::printf("changing     %9.0f ns and %.0f bytes a change, all versions kept\n",
              seconds_since(start) * 1e9 / static_cast<double>(changes),
              (memory_mib() - before) * 1024 * 1024 / static_cast<double>(changes));
  std::printf("bench_state find_ns=%.0f\n", finding);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What the state costs.");
  app.require_subcommand(1);
  std::string folder;
  std::size_t facts = 1'000'000;
  std::size_t changes = 2'000;
  std::size_t entries = 1'000'000;
  auto* replaying = app.add_subcommand("replay", "facts in memory, folded");
  replaying->add_option("--facts", facts)->check(CLI::Range(2, 100'000'000));
  replaying->add_option("--dir", folder, "where the database is made")->required()->check(CLI::ExistingDirectory);
  auto* changing = app.add_subcommand("change", "one change at a time");
  changing->add_option("--facts", changes);
  changing->add_option("--dir", folder, "where the database is made")->required()->check(CLI::ExistingDirectory);
  auto* mapping = app.add_subcommand("map", "PersistentMap");
  mapping->add_option("--entries", entries)->check(CLI::Range(1'000, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  if (replaying->parsed()) return replay(folder, facts);
  if (changing->parsed()) return change(folder, changes);
  return map(entries);
}
