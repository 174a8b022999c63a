// The least that durable appending can cost: batches written in place to a file that is allocated and filled with
// zeros beforehand, each made durable with fdatasync. No framing, no hashing, no reading. The peer of bench_append.
//
//   bench_raw_append --dir D --batch 256 --size 1600 --seconds 3
//   entries_per_s=201234 cpu_s=0.41 ack_p50_us=612
//
// `ack_…` is from the start of a batch until it is durable.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "bench/usage.h"

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(3);
}

void write_all(int fd, const std::vector<char>& bytes, std::size_t offset) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count <= 0) fail("pwrite");
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Appends batches to a preallocated file as fast as the disk makes them durable.");
  std::string dir;
  std::size_t batch = 256;
  std::size_t size = 1600;
  std::size_t file_mib = 256;
  double seconds = 3;
  app.add_option("--dir", dir, "folder for the file")->required();
  app.add_option("--batch", batch, "entries made durable together")->check(CLI::Range(1, 65536))->capture_default_str();
  app.add_option("--size", size, "bytes of an entry")->check(CLI::Range(1, 65535))->capture_default_str();
  app.add_option("--file-mib", file_mib, "size of the file; writing begins anew at its end")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "how long")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const std::string path = dir + "/raw_append.data";
  const redoubt::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) fail("open");
  const std::size_t capacity = std::max(file_mib * 1024 * 1024, batch * size);
  if (::posix_fallocate(file.get(), 0, static_cast<off_t>(capacity)) != 0) fail("posix_fallocate");
  const std::vector<char> zeros(1024 * 1024);
  for (std::size_t at = 0; at + zeros.size() <= capacity; at += zeros.size()) write_all(file.get(), zeros, at);
  if (::fsync(file.get()) != 0) fail("fsync");

  std::vector<char> entry(size, 'e');
  std::vector<char> bytes;
  bytes.reserve(batch * size);
  std::size_t offset = 0;
  std::uint64_t entries = 0;
  std::vector<double> ack_us;
  const double cpu_before = redoubt::bench::cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  double elapsed = 0;
  while (elapsed < seconds) {
    const double batch_began = elapsed;
    bytes.clear();
    for (std::size_t i = 0; i < batch; ++i) bytes.insert(bytes.end(), entry.begin(), entry.end());
    if (offset + bytes.size() > capacity) offset = 0;
    write_all(file.get(), bytes, offset);
    if (::fdatasync(file.get()) != 0) fail("fdatasync");
    offset += bytes.size();
    entries += batch;
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ack_us.push_back((elapsed - batch_began) * 1e6);
  }
  std::printf("entries_per_s=%.0f cpu_s=%.3f ack_p50_us=%.0f\n", static_cast<double>(entries) / elapsed,
              redoubt::bench::cpu_seconds() - cpu_before, redoubt::bench::percentile(ack_us, 0.50));
  ::unlink(path.c_str());
  return 0;
}
