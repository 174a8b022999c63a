// How fast src/tlog makes proofs, verifies them and appends, in memory and on one thread.
//
//   bench_tlog --seconds 1 --leaves 1000000 --proofs 1000
//   proofs_per_s=… uncached_proofs_per_s=… verify_per_s=… append_per_s=… proof_cpu_us=… …
//
// One tree of --leaves entries of 256 bytes, its tiles in memory. Proofs are made for leaves in no order, with every
// node they need at hand (NodeCache) and once more from the tiles alone; verified one after the other; entries are
// appended as the ledger does: leaf hash, frontier, the hashes for the tiles kept.
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/bytes.h"
#include "bench/usage.h"
#include "tlog/frontier.h"
#include "tlog/node_cache.h"
#include "tlog/proof.h"

namespace {

using namespace redoubt;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kEntrySize = 256;
constexpr std::size_t kBatch = 256;

class Tiles final : public tlog::TileSource {
 public:
  void clear() {
    for (auto& level : levels_) level.clear();
  }
  void push(unsigned level, const tlog::Hash& hash) { levels_.at(level).push_back(hash); }
  const tlog::Hash& leaf(std::uint64_t index) const { return levels_[0].at(index); }

  Result<Bytes> read_tile(const tlog::TileId& id) override {
    const std::span<const tlog::Hash> level(levels_.at(id.level));
    const std::uint64_t first = id.index * tlog::kTileWidth;
    if (first + id.width > level.size()) return Error(Errc::kNotFound, "no such tile");
    return to_bytes(std::as_bytes(level.subspan(first, id.width)));
  }

 private:
  std::array<std::vector<tlog::Hash>, 8> levels_;
};

// Entries that differ in their first bytes, appended a batch at a time.
class Appender {
 public:
  explicit Appender(Tiles& tiles) : tiles_(tiles) {}
  void restart() {
    frontier_ = {};
    tiles_.clear();
  }
  void append(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      store_le(MutableByteView(entry_).first(8), frontier_.size().value);
      frontier_.append(tlog::leaf_hash(entry_),
                       [this](unsigned level, const tlog::Hash& hash) { tiles_.push(level, hash); });
    }
  }
  const tlog::Frontier& frontier() const { return frontier_; }

 private:
  Tiles& tiles_;
  tlog::Frontier frontier_;
  Bytes entry_ = Bytes(kEntrySize);
};

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "bench_tlog: %s\n", error.message().c_str());
  std::exit(3);
}

struct Rate {
  double per_second;
  double cpu_us;  // a unit
};

// One call of `work` does `units`.
template <class F>
Rate measure(double seconds, std::size_t units, F&& work) {
  const double cpu = bench::cpu_seconds();
  const auto begin = SteadyClock::now();
  double done = 0;
  double elapsed = 0;
  for (; elapsed < seconds; elapsed = std::chrono::duration<double>(SteadyClock::now() - begin).count()) {
    work();
    done += static_cast<double>(units);
  }
  return {done / elapsed, (bench::cpu_seconds() - cpu) / done * 1e6};
}

// A fixed order of leaves without a pattern that a cache could follow (the constants are Knuth's MMIX).
class Order {
 public:
  explicit Order(std::uint64_t bound) : bound_(bound) {}
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % bound_;
  }

 private:
  std::uint64_t bound_;
  std::uint64_t state_ = 1;
};

void run(double seconds, std::uint64_t leaves, std::size_t proofs) {
  Tiles tiles;
  Appender appender(tiles);
  while (appender.frontier().size().value < leaves) {
    appender.append(std::min<std::size_t>(kBatch, leaves - appender.frontier().size().value));
  }
  const tlog::TreeSize size = appender.frontier().size();
  const tlog::Hash root = appender.frontier().root();

  // The peer holds every node, so that this holds every node too before it is measured.
  tlog::NodeCache nodes(tiles, leaves / tlog::kTileWidth + 1);
  const auto prove = [&](auto& source, std::uint64_t index) {
    auto proof = tlog::inclusion_proof(source, {index}, size);
    if (!proof) fail(proof.error());
    return *std::move(proof);
  };
  for (std::uint64_t index = 0; index < leaves; index += tlog::kTileWidth) prove(nodes, index);
  Order order(leaves);
  const Rate cached = measure(seconds, 100, [&] {
    for (int i = 0; i < 100; ++i) prove(nodes, order.next());
  });
  const Rate uncached = measure(seconds / 4, 100, [&] {
    for (int i = 0; i < 100; ++i) prove(tiles, order.next());
  });

  struct Proven {
    std::uint64_t index;
    std::vector<tlog::Hash> proof;
  };
  std::vector<Proven> proven(proofs);
  for (auto& [index, proof] : proven) {
    index = order.next();
    proof = prove(nodes, index);
  }
  const Rate verified = measure(seconds, proofs, [&] {
    for (const auto& [index, proof] : proven) {
      if (auto held = tlog::verify_inclusion(tiles.leaf(index), {index}, size, proof, root); !held) fail(held.error());
    }
  });

  appender.restart();
  const Rate appended = measure(seconds, 4 * kBatch, [&] {
    if (appender.frontier().size().value >= leaves) appender.restart();
    for (int i = 0; i < 4; ++i) appender.append(kBatch);
  });
  std::printf(
      "proofs_per_s=%.0f uncached_proofs_per_s=%.0f verify_per_s=%.0f append_per_s=%.0f "
      "proof_cpu_us=%.3f verify_cpu_us=%.3f append_cpu_us=%.3f\n",
      cached.per_second, uncached.per_second, verified.per_second, appended.per_second, cached.cpu_us, verified.cpu_us,
      appended.cpu_us);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("proofs, verifications and appends a second, in memory");
  double seconds = 1;
  std::uint64_t leaves = 1'000'000;
  std::size_t proofs = 1000;
  app.add_option("--seconds", seconds, "how long each")->check(CLI::Range(0.01, 3600.0))->capture_default_str();
  app.add_option("--leaves", leaves, "entries of the tree")->check(CLI::Range(2, 100'000'000))->capture_default_str();
  app.add_option("--proofs", proofs, "proofs that are verified")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  run(seconds, leaves, proofs);
  return 0;
}
