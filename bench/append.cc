// How fast the ledger takes durable entries: batches through Ledger, as the keeper feeds it, without rings or gateway.
//
//   bench_append --dir /var/tmp/bench --batch 256 --size 1600 --seconds 5
//
// The folder must exist and be on the disk that is to be measured; a ledger of its own is made in it and removed.
// Prints one line. `ack_…` is from the first entry of a batch to the moment at which it may be acknowledged, with
// --batch 1 what a lone producer waits; `sync_…` the fdatasync of a commit alone; `cpu_s` that of the whole process,
// zero-filling of segments included. What is measured lies between the marks "begin" and "end" on standard error.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/file.h"
#include "bench/bench_ledger.h"
#include "bench/usage.h"

namespace {

using namespace redoubt;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPublishInterval{250};

double microseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

// The machine's files, with the time of each sync that a commit makes.
class TimedFileSystem final : public FileSystem {
 public:
  bool recording = false;  // set by the thread that commits, around commits
  std::vector<double> sync_us;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return timed(real_.open(path, mode));
  }
  Result<std::unique_ptr<File>> open_direct(const std::string& path, OpenMode mode) override {
    return timed(real_.open_direct(path, mode));
  }
  Result<> rename(const std::string& from, const std::string& to) override { return real_.rename(from, to); }
  Result<> remove(const std::string& path) override { return real_.remove(path); }
  Result<> make_directory(const std::string& path) override { return real_.make_directory(path); }
  Result<> sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return real_.list(path); }
  Result<std::uint64_t> free_bytes(const std::string& path) override { return real_.free_bytes(path); }

 private:
  class TimedFile final : public File {
   public:
    TimedFile(TimedFileSystem& fs, std::unique_ptr<File> real) : fs_(fs), real_(std::move(real)) {}
    Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
      return real_->read_at(offset, out);
    }
    Result<> write_at(std::uint64_t offset, ByteView bytes) override { return real_->write_at(offset, bytes); }
    Result<> truncate(std::uint64_t size) override { return real_->truncate(size); }
    Result<> allocate(std::uint64_t size) override { return real_->allocate(size); }
    Result<std::uint64_t> size() override { return real_->size(); }
    Result<> sync_data() override {
      if (std::this_thread::get_id() != fs_.committer_ || !fs_.recording) return real_->sync_data();
      const auto start = SteadyClock::now();
      auto done = real_->sync_data();
      fs_.sync_us.push_back(microseconds_since(start));
      return done;
    }

   private:
    TimedFileSystem& fs_;
    std::unique_ptr<File> real_;
  };

  Result<std::unique_ptr<File>> timed(Result<std::unique_ptr<File>> file) {
    if (!file) return file.error();
    return std::unique_ptr<File>(std::make_unique<TimedFile>(*this, *std::move(file)));
  }

  PosixFileSystem real_;
  const std::thread::id committer_ = std::this_thread::get_id();
};

Result<> measure(const std::string& directory, std::size_t batch, std::size_t size, double seconds) {
  TimedFileSystem fs;
  auto opened = bench::BenchLedger::open(fs, directory, crypto::Ed25519PrivateKey::generate());
  if (!opened) return opened.error();
  bench::BenchLedger& ledger = **opened;

  Bytes leaf(size, std::byte{'x'});
  std::uint64_t entries = 0;
  std::vector<double> ack_us;  // one a commit
  const auto one_batch = [&]() -> Result<> {
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < batch; ++i) {
      store_le(MutableByteView(leaf), entries + i);
      if (auto added = ledger.add(leaf); !added) return added;
    }
    fs.recording = true;
    auto done = ledger.commit();
    fs.recording = false;
    ack_us.push_back(microseconds_since(begin));
    return done;
  };
  // The first commit waits for the first segment.
  if (auto done = one_batch(); !done) return done;
  fs.sync_us.clear();
  ack_us.clear();

  std::fputs("begin\n", stderr);
  const double cpu_before = bench::cpu_seconds();
  const auto start = SteadyClock::now();
  auto next_publish = start + kPublishInterval;
  const auto end = start + std::chrono::duration<double>(seconds);
  auto now = start;
  for (; now < end; now = SteadyClock::now()) {
    if (auto done = one_batch(); !done) return done;
    entries += batch;
    if (SteadyClock::now() >= next_publish) {
      if (auto done = ledger.publish(); !done) return done;
      next_publish = SteadyClock::now() + kPublishInterval;
    }
  }
  const double elapsed = std::chrono::duration<double>(now - start).count();
  const double cpu = bench::cpu_seconds() - cpu_before;
  std::fputs("end\n", stderr);
  const std::size_t commits = ack_us.size();
  std::printf(
      "entries_per_s=%.0f cpu_s=%.3f ack_p50_us=%.0f ack_p99_us=%.0f sync_p50_us=%.0f sync_p99_us=%.0f entries=%llu "
      "commits=%zu\n",
      static_cast<double>(entries) / elapsed, cpu, bench::percentile(ack_us, 0.50), bench::percentile(ack_us, 0.99),
      bench::percentile(fs.sync_us, 0.50), bench::percentile(fs.sync_us, 0.99),
      static_cast<unsigned long long>(entries), commits);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("durable appends a second, through the ledger alone");
  std::string folder;
  std::size_t batch = 256;
  std::size_t size = 1600;
  double seconds = 5;
  app.add_option("--dir", folder, "an existing folder on the disk to be measured")->required();
  app.add_option("--batch", batch, "entries a commit")->check(CLI::Range(1, 4096));
  app.add_option("--size", size, "bytes a record")->check(CLI::Range(8, 65'535));
  app.add_option("--seconds", seconds, "how long")->check(CLI::Range(0.1, 3600.0));
  CLI11_PARSE(app, argc, argv);
  if (!bench::BenchLedger::fits(batch, size)) {
    std::fprintf(stderr, "bench_append: a batch of this size does not fit one commit\n");
    return 2;
  }
  const std::string directory = folder + "/redoubt-bench-append";
  std::error_code error;
  if (std::filesystem::exists(directory, error)) {
    std::fprintf(stderr, "bench_append: `%s` is there already\n", directory.c_str());
    return 2;
  }
  const auto done = measure(directory, batch, size, seconds);
  std::filesystem::remove_all(directory, error);
  if (!done) {
    std::fprintf(stderr, "bench_append: %s\n", done.error().message().c_str());
    return 3;
  }
  return 0;
}
