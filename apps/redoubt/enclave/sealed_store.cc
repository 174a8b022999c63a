#include "redoubt/enclave/sealed_store.h"

#include <optional>
#include <utility>

#include "base/config.h"
#include "redoubt/confinement.h"
#include "redoubt/enclave.h"
#include "redoubt/offline_state.h"
#include "redoubt/settings.h"
#include "sealing/keeper_keys.h"
#include "tpm/tpm.h"

namespace redoubt::app {

namespace {

// A start, without one: until the keys are open.
Result<keys::KeyStore> unlock(Enclave& enclave, const Layout& layout) {
  PosixFileSystem fs;
  const auto settings = load_settings(fs, layout.config());
  if (!settings) return settings.error();
  const auto configuration = read_file(fs, layout.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  const auto users = find_process_users(*settings);
  if (!users) return users.error();
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  Enclave::tidy(layout);
  if (auto done = take_over(layout, *users); !done) return done.error();
  if (auto done = enclave.start(layout, {.tpm = settings->tpm,
                                         .user = users->keeper,
                                         .programs = measured_programs(),
                                         .configuration = std::string(as_chars(*configuration))});
      !done) {
    return done.error();
  }
  sealing::Unlocking by{.approvals = *approvals, .redoubt = layout.root};
  std::optional<tpm::Tpm> tpm;
  tpm::MeasurementLog measured;
  if (!enclave.where().empty()) {
    auto opened = tpm::Tpm::open(enclave.where());
    if (!opened) return opened.error();
    tpm = *std::move(opened);
    const auto bytes = read_file(fs, layout.measurements(), tpm::MeasurementLog::kMaxBytes);
    if (!bytes) return bytes.error();
    auto log = tpm::MeasurementLog::decode(*bytes);
    if (!log) return log.error();
    measured = *std::move(log);
    by.tpm = &*tpm;
    by.measured = &measured;
  }
  auto keys = sealing::open_keeper_keys(fs, layout.keeper(), by);
  if (!keys) return keys.error();
  return std::move(keys->store);
}

}  // namespace

Result<tpm::ApprovalFile> make_approval(const sealing::Sealing& sealing, const Approved& what,
                                        const crypto::P256PrivateKey& approver) {
  if (approver.public_key() != sealing.approver) {
    return Error(Errc::kVerifyFailed, "this is not the key of the approver of these keys");
  }
  auto measured = expected_measurements(what.programs, what.configuration);
  if (!measured) return measured.error();
  tpm::ApprovalFile out{.counter = sealing.counter,
                        .version = what.version,
                        .boot = what.boot,
                        .measured = *std::move(measured),
                        .signature = {}};
  if (auto done = out.sign(sealing.purpose(), approver); !done) return done.error();
  return out;
}

std::string approval_path(const Layout& layout, std::uint64_t version) {
  return layout.approvals() + "/" + std::to_string(version) + std::string(sealing::kApprovalSuffix);
}

Result<> write_approval(FileSystem& fs, const Layout& layout, const std::string& path,
                        const tpm::ApprovalFile& approval) {
  if (path.starts_with(layout.approvals() + "/")) {
    if (auto done = fs.make_directory(layout.approvals()); !done) return done;
  }
  const std::string text = approval.format();
  return write_file_atomically(fs, path, as_bytes(text));
}

Result<keys::KeyStore> open_store_offline(const Layout& layout, bool locked) {
  PosixFileSystem fs;
  const auto sealed = sealing::is_sealed(fs, layout.keeper());
  if (!sealed) return sealed.error();
  if (!*sealed) return keys::KeyStore::plain();
  UniqueFd lock;
  if (!locked) {
    auto taken = lock_out_server(layout);
    if (!taken) return taken.error().in("the keys are sealed to the TPM, which the server uses");
    lock = *std::move(taken);
  }
  Enclave enclave;
  auto store = unlock(enclave, layout);
  enclave.stop();
  return store;
}

}  // namespace redoubt::app
