// A log to be witnessed, in a test: up to 300 entries, and a second story that differs from the fifth on.
//
//   tlog_witness_log vkey                      its verifier key
//   tlog_witness_log request STORY OLD SIZE    what it submits (C2SP tlog-witness, add-checkpoint); STORY is 0 or 1
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tlog/proof.h"
#include "tlog/tests/memory_log.h"
#include "tlog/witness_request.h"

int main(int argc, char** argv) {
  using namespace redoubt;
  const std::string what = argc > 1 ? argv[1] : "";
  const tlog::NoteSigner signer = tlog::test::make_signer("example.com/log");
  if (what == "vkey" && argc == 2) {
    std::printf("%s\n", signer.verifier_key().format().c_str());
    return 0;
  }
  if (what != "request" || argc != 5) {
    std::fprintf(stderr, "usage: tlog_witness_log vkey | request STORY OLD SIZE\n");
    return 2;
  }
  const bool lies = std::string(argv[2]) == "1";
  const tlog::TreeSize from{std::strtoull(argv[3], nullptr, 10)};
  const tlog::TreeSize size{std::strtoull(argv[4], nullptr, 10)};
  tlog::test::MemoryLog log;
  for (std::uint64_t i = 0; i < 300; ++i) log.append((lies && i >= 4 ? "other " : "entry ") + std::to_string(i));
  const auto proof = tlog::consistency_proof(log, from, size);
  const auto root = tlog::tree_root(log, size);
  if (!proof || !root) {
    std::fprintf(stderr, "tlog_witness_log: no such sizes\n");
    return 3;
  }
  const auto note = tlog::sign_checkpoint({signer.name(), size, *root, {}}, signer);
  const auto request = note ? tlog::format_witness_request({from, *proof, *note}) : note;
  if (!request) {
    std::fprintf(stderr, "tlog_witness_log: %s\n", request.error().message().c_str());
    return 3;
  }
  std::fwrite(request->data(), 1, request->size(), stdout);
  return 0;
}
