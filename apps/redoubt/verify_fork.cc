// `redoubt ledger verify-fork`: whether a file proves that a log forked.
#include <cstdio>

#include "base/file.h"
#include "encoding/base64.h"
#include "redoubt/commands.h"
#include "tlog/fork_proof.h"

namespace redoubt::app {
namespace {

Result<tlog::Fork> verify(const VerifyForkOptions& options) {
  std::vector<tlog::VerifierKey> keys;
  for (const std::string& vkey : options.vkeys) {
    auto key = tlog::VerifierKey::parse(vkey);
    if (!key) return Error(Errc::kInvalidArgument, "--vkey: " + key.error().message());
    keys.push_back(*std::move(key));
  }
  PosixFileSystem fs;
  const auto text = read_file(fs, options.file, tlog::kMaxForkProofSize);
  if (!text) return text.error();
  auto fork = tlog::verify_fork_proof(as_chars(*text), keys);
  if (fork || fork.error().code() == Errc::kInvalidArgument || fork.error().code() == Errc::kUnsupported) return fork;
  // Whatever is wrong with the file: it proves nothing.
  return Error(Errc::kVerifyFailed, "no fork is proven: " + fork.error().message());
}

void write(encoding::JsonWriter& json, std::string_view name, const tlog::Checkpoint& checkpoint) {
  json.key(name);
  json.begin_object();
  json.member("size", checkpoint.size.value);
  json.member("root", encoding::base64(checkpoint.root));
  json.end_object();
}

}  // namespace

int run_ledger_verify_fork(const Common& common, const VerifyForkOptions& options) {
  const auto fork = verify(options);
  if (!fork) return report(fork.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("origin", fork->first.origin);
    write(json, "first", fork->first);
    write(json, "second", fork->second);
    json.member("first_root_in_second", encoding::base64(fork->first_root_in_second));
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  const auto print = [](const char* what, tlog::TreeSize size, const tlog::Hash& root) {
    std::printf("%-12s size %llu, root %s\n", what, static_cast<unsigned long long>(size.value),
                encoding::base64(root).c_str());
  };
  std::printf("the fork is proven: the log `%s` signed what cannot both be true\n", fork->first.origin.c_str());
  print("first", fork->first.size, fork->first.root);
  print("second", fork->second.size, fork->second.root);
  print("in second", fork->first.size, fork->first_root_in_second);
  return kSuccess;
}

}  // namespace redoubt::app
