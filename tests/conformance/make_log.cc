// tlog_make_log FOLDER SEED
//
// Writes a log of up to 5,000 entries to FOLDER, as it was published at several sizes, and its key to vkey.txt.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tlog/tests/memory_log.h"

int main(int argc, char** argv) {
  using namespace redoubt;
  if (argc != 3) {
    std::fprintf(stderr, "usage: tlog_make_log FOLDER SEED\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  const tlog::NoteSigner signer =
      tlog::test::make_signer("example.com/conformance", static_cast<std::uint8_t>(random()));

  tlog::test::MemoryLog log;
  std::printf("sizes");
  std::uint64_t size = 0;
  for (int rounds = 1 + static_cast<int>(random() % 4); rounds > 0 && size < 5000; --rounds) {
    // Sometimes to the end of a tile, where partial files turn into full ones.
    size += 1 + random() % (5000 - size);
    if (random() % 4 == 0 && size > 256) size -= size % 256;
    while (log.size().value < size) {
      std::string entry(random() % 40 == 0 ? random() % 4000 : random() % 200, '\0');
      for (char& c : entry) c = static_cast<char>(random());
      log.append(entry);
    }
    log.publish(signer);
    std::printf(" %llu", static_cast<unsigned long long>(log.size().value));
  }
  std::printf("\n");
  log.files["vkey.txt"] = to_bytes(as_bytes(signer.verifier_key().format() + "\n"));
  for (const auto& [path, bytes] : log.files) {
    std::filesystem::create_directories((folder / path).parent_path());
    std::ofstream out(folder / path, std::ios::binary);
    out << as_chars(bytes);
    out.close();
    if (!out) {
      std::fprintf(stderr, "cannot write %s\n", path.c_str());
      return 3;
    }
  }
  return 0;
}
