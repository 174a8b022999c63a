// What a long log costs its owner: start-up, memory, proofs and bytes on disk of a ledger of --entries entries.
//
//   bench_ten_million --dir /var/tmp/bench --entries 10000000
//   bench_ten_million --dir /var/tmp/bench --entries 100000 --size 1600
//
// Makes the ledger in commits of --batch entries with a process of its own, so that what follows starts cold but for
// the page cache; then opens it as the keeper does, and makes inclusion proofs for entries in no order as `redoubt
// ledger prove` does, through LedgerReader. The folder must exist, on the disk that is to be measured; what is made in
// it (about 40 bytes an entry, each entry with its frame, and up to two segments) is removed. Prints one line:
// `append_s` the making, `open_ms` Ledger::open, `open_rss_mib` resident after it, `proof_…` warm, `rss_mib` at the
// end.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "bench/bench_ledger.h"
#include "bench/usage.h"
#include "tlog/node_cache.h"
#include "tlog/proof.h"

namespace {

using namespace redoubt;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string folder;
  std::uint64_t entries = 10'000'000;
  std::size_t batch = 4096;
  std::size_t size = 64;
  std::size_t proofs = 10'000;
};

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Result<std::unique_ptr<bench::BenchLedger>> open(FileSystem& fs, const std::string& directory) {
  const Bytes seed(32, std::byte{7});  // the same for both processes; it signs nothing that outlives the run
  auto key = crypto::Ed25519PrivateKey::from_seed(seed);
  if (!key) return key.error();
  return bench::BenchLedger::open(fs, directory, *std::move(key));
}

Result<> make(const Options& options, const std::string& directory) {
  PosixFileSystem fs;
  auto ledger = open(fs, directory);
  if (!ledger) return ledger.error();
  Bytes leaf(options.size, std::byte{'x'});
  // A checkpoint every now and then, as the keeper publishes: what is not published is replayed at the start.
  constexpr std::uint64_t kCommitsACheckpoint = 64;
  std::uint64_t commits = 0;
  for (std::uint64_t done = 0; done < options.entries;) {
    const std::uint64_t count = std::min<std::uint64_t>(options.batch, options.entries - done);
    for (std::uint64_t i = 0; i < count; ++i) {
      store_le(MutableByteView(leaf), done + i);
      if (auto added = (*ledger)->add(leaf); !added) return added;
    }
    if (auto committed = (*ledger)->commit(); !committed) return committed;
    done += count;
    if (++commits % kCommitsACheckpoint == 0 || done == options.entries) {
      if (auto published = (*ledger)->publish(); !published) return published;
    }
  }
  return {};
}

// Resident memory of this process, in MiB.
double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::uint64_t bytes_on_disk(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

struct Latency {
  double p50_us = 0;
  double p99_us = 0;
};

// Proofs for entries in no order (the constants are Knuth's MMIX), after as many again that warm up.
template <class Source>
Result<Latency> time_proofs(Source& source, std::size_t proofs, tlog::TreeSize size) {
  std::vector<double> took_us;
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < 2 * proofs; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const auto begin = SteadyClock::now();
    auto proof = tlog::inclusion_proof(source, {(state >> 33) % size.value}, size);
    if (!proof) return proof.error();
    if (i >= proofs) took_us.push_back(seconds_since(begin) * 1e6);
  }
  return Latency{bench::percentile(took_us, 0.50), bench::percentile(took_us, 0.99)};
}

Result<> measure(const Options& options, const std::string& directory, double append_s) {
  PosixFileSystem fs;
  const auto begin = SteadyClock::now();
  auto ledger = open(fs, directory);
  if (!ledger) return ledger.error();
  const double open_ms = seconds_since(begin) * 1e3;
  const double open_rss = resident_mib();
  const tlog::TreeSize size = (*ledger)->published();
  if (size.value != options.entries) return Error(Errc::kCorrupt, "the ledger has another size than was made");

  auto reader = bench::BenchLedger::reader(fs, directory);
  auto from_tiles = time_proofs(reader, options.proofs, size);
  if (!from_tiles) return from_tiles.error();
  tlog::NodeCache nodes(reader, 1024);
  auto cached = time_proofs(nodes, options.proofs, size);
  if (!cached) return cached.error();

  const std::uint64_t bytes = bytes_on_disk(directory);
  std::printf(
      "entries=%llu append_s=%.1f open_ms=%.1f open_rss_mib=%.0f proof_p50_us=%.1f proof_p99_us=%.1f "
      "cached_proof_p50_us=%.1f cached_proof_p99_us=%.1f rss_mib=%.0f disk_mib=%.1f bytes_per_entry=%.1f\n",
      static_cast<unsigned long long>(options.entries), append_s, open_ms, open_rss, from_tiles->p50_us,
      from_tiles->p99_us, cached->p50_us, cached->p99_us, resident_mib(), static_cast<double>(bytes) / (1 << 20),
      static_cast<double>(bytes) / static_cast<double>(options.entries));
  return {};
}

int report(const Result<>& done) {
  if (done) return 0;
  std::fprintf(stderr, "bench_ten_million: %s\n", done.error().message().c_str());
  return 3;
}

// make() in a process of its own; whether it succeeded.
bool make_apart(const Options& options, const std::string& directory) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(report(make(options, directory)));
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("start-up, memory, proofs and size of a long ledger");
  Options options;
  app.add_option("--dir", options.folder, "an existing folder on the disk to be measured")->required();
  app.add_option("--entries", options.entries, "entries")->check(CLI::Range(1, 1'000'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "entries a commit")->check(CLI::Range(1, 65'536))->capture_default_str();
  app.add_option("--size", options.size, "bytes an entry")->check(CLI::Range(8, 65'535))->capture_default_str();
  app.add_option("--proofs", options.proofs, "proofs that are timed")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!bench::BenchLedger::fits(options.batch, options.size)) {
    std::fprintf(stderr, "bench_ten_million: a batch of this size does not fit one commit\n");
    return 2;
  }
  const std::string directory = options.folder + "/redoubt-bench-ten-million";
  std::error_code error;
  if (std::filesystem::exists(directory, error)) {
    std::fprintf(stderr, "bench_ten_million: `%s` is there already\n", directory.c_str());
    return 2;
  }
  const auto begin = SteadyClock::now();
  int status = 3;
  if (make_apart(options, directory)) status = report(measure(options, directory, seconds_since(begin)));
  std::filesystem::remove_all(directory, error);
  return status;
}
