#include "redoubt/enclave/new_sealing.h"

#include <cstdio>
#include <utility>

#include "base/file.h"
#include "keys/key_file.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/approver.h"

namespace redoubt::app {

namespace {

Result<NewSealing> seal_to_tpm(const Layout& layout, const SealingOptions& options, const crypto::Secret& storage_key,
                               const crypto::P256PublicKey& approver) {
  Enclave enclave;
  const auto seal = [&]() -> Result<NewSealing> {
    PosixFileSystem fs;
    auto tpm = enclave.open(layout, options.tpm, options.user);
    if (!tpm) return tpm.error();
    return seal_storage_key(fs, layout, *tpm, storage_key, approver);
  };
  auto sealed = seal();
  enclave.stop();
  return sealed;
}

void print_files(const char* what, const std::vector<std::string>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) std::printf("  %-15s %s\n", i == 0 ? what : "", files[i].c_str());
}

}  // namespace

Result<KeySealing> seal_for_the_first_time(const Layout& layout, const SealingOptions& options) {
  PosixFileSystem fs;
  const auto approvers = Quorum::parse(options.approvers, "--approvers");
  if (!approvers) return approvers.error();
  const auto recovery = Quorum::parse(options.recovery, "--recovery");
  if (!recovery) return recovery.error();
  KeySealing out;
  out.tpm = options.tpm;
  out.approver = crypto::P256PrivateKey::generate();
  crypto::Secret storage_key = crypto::Secret::random(keys::KeyStore::kStorageKeyBytes);
  // What people hold comes first: nothing is sealed that they could not open.
  if (approvers->count == 0) {
    out.approver_files = {layout.approver_key()};
    auto done = keys::create_key_file(layout.approver_key(), kApproverKind, out.approver->scalar());
    if (!done) return done.error();
  } else {
    auto files = write_quorum(fs, out.approver->scalar(), *approvers, layout.approver_quorum(),
                              layout.keys() + "/approver-share");
    if (!files) return files.error();
    out.approver_files = *std::move(files);
  }
  if (recovery->count != 0) {
    auto files = write_quorum(fs, storage_key, *recovery, layout.recovery_quorum(), layout.keys() + "/recovery-share");
    if (!files) return files.error();
    out.recovery_files = *std::move(files);
  }
  auto made = seal_to_tpm(layout, options, storage_key, out.approver->public_key());
  if (!made) return made.error();
  out.made = *std::move(made);
  out.store = keys::KeyStore::encrypted(std::move(storage_key));
  return out;
}

Result<> approve_first(const Layout& layout, const KeySealing& keys, const std::string& configuration) {
  PosixFileSystem fs;
  const auto approval = make_approval(keys.made.sealing,
                                      {.version = keys.made.version,
                                       .boot = keys.made.boot,
                                       .programs = measured_programs(),
                                       .configuration = configuration},
                                      *keys.approver);
  if (!approval) return approval.error();
  return write_approval(fs, layout, approval_path(layout, keys.made.version), *approval);
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
