// tlog_cosign sign NOTE NAME SEED UNIX_SECONDS
// tlog_cosign check NOTE WITNESS_VKEY...
//
// `sign` adds a witness's cosignature to the checkpoint in the file NOTE and prints the witness's verifier key; its
// private key is the byte SEED, 32 times. `check` prints name and time of each witness that cosigned. Exit status 1
// when the note is invalid, 2 for wrong usage.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tlog/cosignature.h"
#include "tlog/tests/memory_log.h"

namespace {

using namespace redoubt;

int fail(const std::string& message) {
  std::fprintf(stderr, "tlog_cosign: %s\n", message.c_str());
  return 1;
}

std::string read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int sign(const char* path, const std::string& name, std::uint8_t seed, std::uint64_t unix_seconds) {
  const tlog::Cosigner witness = tlog::test::make_cosigner(name, seed);
  const auto note = tlog::parse_note(read(path));
  if (!note) return fail(note.error().message());
  const auto line = witness.signature_line(note->text, unix_seconds);
  if (!line) return fail(line.error().message());
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out << *line;
  out.close();
  if (!out) return fail("cannot write the note");
  std::printf("%s\n", witness.verifier_key().format().c_str());
  return 0;
}

int check(const char* path, const std::vector<std::string>& vkeys) {
  std::vector<tlog::VerifierKey> witnesses;
  for (const std::string& vkey : vkeys) {
    auto key = tlog::VerifierKey::parse(vkey);
    if (!key) return fail(key.error().message());
    witnesses.push_back(*std::move(key));
  }
  const auto found = tlog::check_cosignatures(read(path), witnesses);
  if (!found) return fail(found.error().message());
  for (const tlog::Cosignature& cosignature : found->verified) {
    std::printf("%s %llu\n", witnesses[cosignature.witness].name().c_str(),
                static_cast<unsigned long long>(cosignature.unix_seconds));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 2 ? argv[1] : "";
  if (verb == "sign" && argc == 6) {
    return sign(argv[2], argv[3], static_cast<std::uint8_t>(std::strtoul(argv[4], nullptr, 10)),
                std::strtoull(argv[5], nullptr, 10));
  }
  if (verb == "check" && argc > 3) return check(argv[2], {argv + 3, argv + argc});
  std::fprintf(stderr, "usage: tlog_cosign sign NOTE NAME SEED UNIX_SECONDS | check NOTE WITNESS_VKEY...\n");
  return 2;
}
