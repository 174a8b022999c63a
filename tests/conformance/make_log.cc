// tlog_make_log FOLDER SEED [LARGEST]
//
// Writes a log of up to LARGEST entries (5,000) to FOLDER, as it was published at several sizes, its key to vkey.txt,
// and proofs about trees of random sizes, made from its tiles, to proofs.json.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/check.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "tlog/proof.h"
#include "tlog/tests/memory_log.h"

namespace {

using namespace redoubt;

void write_hash(encoding::JsonWriter& json, std::string_view name, const tlog::Hash& hash) {
  json.member(name, encoding::base64(hash));
}

void write_proof(encoding::JsonWriter& json, const Result<std::vector<tlog::Hash>>& proof) {
  REDOUBT_CHECK(proof);
  json.key("proof");
  json.begin_array();
  for (const tlog::Hash& hash : *proof) json.value(encoding::base64(hash));
  json.end_array();
}

// Inclusion and consistency proofs about random trees of the log, and the first and last ones.
std::string make_proofs(tlog::test::MemoryLog& log, std::mt19937_64& random) {
  constexpr int kCount = 200;
  const std::uint64_t largest = log.size().value;
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  for (const char* kind : {"inclusion", "consistency"}) {
    json.key(kind);
    json.begin_array();
    for (int i = 0; i < kCount; ++i) {
      const std::uint64_t size = i < 2 ? largest : 1 + random() % largest;
      const std::uint64_t other = i == 0 ? 0 : i == 1 ? size - 1 : random() % size;  // a leaf, or one less than a size
      const auto root = tlog::tree_root(log, {size});
      REDOUBT_CHECK(root);
      json.begin_object();
      json.member("size", size);
      write_hash(json, "root", *root);
      json.member("index", other);
      if (kind == std::string_view("inclusion")) {
        write_proof(json, tlog::inclusion_proof(log, {other}, {size}));
      } else {
        const auto old_root = tlog::tree_root(log, {other + 1});
        REDOUBT_CHECK(old_root);
        write_hash(json, "old_root", *old_root);
        write_proof(json, tlog::consistency_proof(log, {other + 1}, {size}));
      }
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: tlog_make_log FOLDER SEED [LARGEST]\n");
    return 2;
  }
  const std::uint64_t largest = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 5000;
  const std::filesystem::path folder = argv[1];
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  const tlog::NoteSigner signer =
      tlog::test::make_signer("example.com/conformance", static_cast<std::uint8_t>(random()));

  tlog::test::MemoryLog log;
  std::printf("sizes");
  std::uint64_t size = 0;
  for (int rounds = 1 + static_cast<int>(random() % 4); rounds > 0 && size < largest; --rounds) {
    // Sometimes to the end of a tile, where partial files turn into full ones.
    size += 1 + random() % (largest - size);
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
  log.files["proofs.json"] = to_bytes(as_bytes(make_proofs(log, random)));
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
