#include "redoubt/enclave/new_sealing.h"

#include <cstdio>
#include <utility>

#include "base/file.h"
#include "keys/quorum_files.h"
#include "redoubt/enclave/approver.h"
#include "redoubt/sealing_paths.h"

namespace redoubt::app {

namespace {

void print_files(const char* what, const std::vector<std::string>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) std::printf("  %-15s %s\n", i == 0 ? what : "", files[i].c_str());
}

}  // namespace

Result<KeySealing> seal_for_the_first_time(OfflineEnclave& enclave, const SealingOptions& options,
                                           const SealStorageKey& seal) {
  PosixFileSystem fs;
  const Layout& layout = enclave.layout();
  const auto approvers = keys::QuorumSize::parse(options.approvers, "--approvers");
  if (!approvers) return approvers.error();
  const auto recovery = keys::QuorumSize::parse(options.recovery, "--recovery");
  if (!recovery) return recovery.error();
  // What people hold comes first: nothing is sealed that they could not open.
  auto approver = make_approver(fs, layout, *approvers);
  if (!approver) return approver.error();
  auto made = enclave.have_sealed([&](const std::string& keepers_tpm) {
    return seal({.tpm = keepers_tpm, .approver = approver->key.public_key(), .recovery = options.recovery});
  });
  if (!made) return made.error();
  return KeySealing{.tpm = enclave.tpm(),
                    .made = *std::move(made),
                    .approver = std::move(approver->key),
                    .approver_files = std::move(approver->files),
                    .recovery_files = keys::share_paths(*recovery, sealing_paths(layout).recovery_share)};
}

void print_sealing(const KeySealing& keys) {
  std::printf(
      "\nThe keeper's keys are sealed to the TPM (%s): they open for the programs and the configuration that are here\n"
      "now, and for what the approver approves. Take these files off this machine, one to each of their holders:\n",
      keys.tpm.c_str());
  print_files("approver", keys.approver_files);
  print_files("recovery", keys.recovery_files);
  if (keys.recovery_files.empty()) {
    std::printf("Nobody opens the keys when the TPM is lost: `--recovery K/N` would have made shares for that.\n");
  }
}

void write_sealing(encoding::JsonWriter& json, const KeySealing& keys) {
  json.key("sealed");
  json.begin_object();
  json.member("tpm", keys.tpm);
  json.member("version", keys.made.version);
  for (const auto& [name, files] :
       {std::pair("approver_files", &keys.approver_files), std::pair("recovery_files", &keys.recovery_files)}) {
    json.key(name);
    json.begin_array();
    for (const std::string& path : *files) json.value(path);
    json.end_array();
  }
  json.end_object();
}

}  // namespace redoubt::app
