// `redoubt enclave recover`.
#include <cstdio>
#include <optional>
#include <utility>

#include "base/config.h"
#include "keys/key_store.h"
#include "keys/quorum_files.h"
#include "redoubt/confinement.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/next_bundle.h"
#include "redoubt/enclave/sealed_store.h"
#include "redoubt/enclave/verbs.h"
#include "redoubt/offline_state.h"
#include "redoubt/sealing_paths.h"
#include "redoubt/settings.h"
#include "sealing/keeper_keys.h"
#include "sealing/new_sealing.h"

namespace redoubt::app::enclave_verbs {

namespace {

struct Recovered {
  std::string tpm;
  std::uint64_t version = 0;
  std::optional<NextBundle> next;
};

// Those of the storage key that the shares give, and no other's: a key of this folder opens with it.
Result<crypto::Secret> recover_storage_key(FileSystem& fs, const Layout& layout, const RecoverOptions& options) {
  auto key = keys::open_quorum(fs, layout.recovery_quorum(), options.recovery_shares);
  if (!key && key.error().code() == Errc::kNotFound) return key.error().in("the recovery shares");
  if (!key) return key.error();
  if (key->size() != keys::KeyStore::kStorageKeyBytes) return Error(Errc::kCorrupt, "the shares give no storage key");
  const auto store = keys::KeyStore::encrypted(crypto::Secret::copy_of(key->reveal()));
  if (auto signer = store.load(layout.keeper() + "/signer.key", "ledger-signer", 32); !signer) return signer.error();
  return key;
}

// What was approved before, and the key that attested, are of the TPM that is gone.
Result<> remove_what_is_over(FileSystem& fs, const Layout& layout) {
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  std::vector<std::string> over{layout.attestation_key(), layout.keeper() + "/" + sealing::kOpenedFile};
  for (const sealing::KeptApproval& each : *approvals) over.push_back(each.path);
  for (const std::string& path : over) {
    if (auto done = fs.remove(path); !done && done.error().code() != Errc::kNotFound) return done;
  }
  return {};
}

Result<Recovered> seal_anew(Enclave& enclave, const Layout& layout, const RecoverOptions& options) {
  PosixFileSystem fs;
  const auto settings = load_settings(fs, layout.config());
  if (!settings) return settings.error();
  if (settings->tpm.empty()) {
    return Error(Errc::kInvalidArgument, "redoubt.toml has no `enclave.tpm`, to which the keys would be sealed");
  }
  const auto configuration = read_file(fs, layout.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  const auto users = find_process_users(*settings);
  if (!users) return users.error();
  const auto approver = load_approver(fs, layout, options.approver);
  if (!approver) return approver.error();
  const auto before = sealing::Sealing::load(fs, layout.sealing());
  if (!before && before.error().code() != Errc::kNotFound) return before.error();
  if (before && before->approver != approver->public_key()) {
    return Error(Errc::kVerifyFailed, "this is not the key of the approver of these keys");
  }
  std::optional<NextBundle> next;
  if (options.bring_into_force) {
    auto chosen = choose_next_bundle(fs, layout);
    if (!chosen) return chosen.error();
    next = *std::move(chosen);
  }
  const auto storage_key = recover_storage_key(fs, layout, options);
  if (!storage_key) return storage_key.error();
  Enclave::tidy(layout);
  if (auto done = take_over(layout, *users); !done) return done.error();
  auto tpm = enclave.open(layout, settings->tpm, users->keeper);
  if (!tpm) return tpm.error();
  const auto sealed = sealing::seal_storage_key(fs, sealing_paths(layout), *tpm, *storage_key, approver->public_key());
  if (!sealed) return sealed.error();
  if (auto done = remove_what_is_over(fs, layout); !done) return done.error();
  const auto approval = make_approval(sealed->sealing,
                                      {.version = sealed->version,
                                       .boot = sealed->boot,
                                       .programs = measured_programs(),
                                       .configuration = std::string(as_chars(*configuration))},
                                      *approver);
  if (!approval) return approval.error();
  if (auto done = write_approval(fs, layout, approval_path(layout, sealed->version), *approval); !done) {
    return done.error();
  }
  if (next) {
    if (auto done = approve_next_bundle(fs, layout, sealed->sealing, *next, *approver); !done) return done.error();
  }
  return Recovered{.tpm = settings->tpm, .version = sealed->version, .next = std::move(next)};
}

Result<Recovered> run(const Common& common, const RecoverOptions& options) {
  const Layout layout(common.dir);
  const auto lock = lock_out_server(layout);
  if (!lock) return lock.error();
  Enclave enclave;
  auto done = seal_anew(enclave, layout, options);
  enclave.stop();
  return done;
}

}  // namespace

int recover(const Common& common, const RecoverOptions& options) {
  const auto done = run(common, options);
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("tpm", done->tpm);
    json.member("version", done->version);
    write_next_bundle(json, done->next);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("sealed    to the TPM that is there now (%s)\napproved  what is there now, as version %llu\n\n",
              done->tpm.c_str(), static_cast<unsigned long long>(done->version));
  std::printf(
      "Earlier approvals open nothing any more. The next start makes another attestation key: hand\n"
      "attestation-key.sha256 out again to who pins it.\n");
  print_next_bundle(done->next);
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
