#include "redoubt/enclave/sealed_store.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/config.h"
#include "redoubt/confinement.h"
#include "redoubt/enclave.h"
#include "redoubt/offline_state.h"
#include "redoubt/settings.h"
#include "sealing/keeper_keys.h"
#include "tpm/sealed_secret.h"

namespace redoubt::app {

namespace {

constexpr tpm::NvHandle kFirstCounter = 0x0180'5200;
constexpr tpm::NvHandle kCounterPlaces = 64;
const tpm::PcrSelection kBootPcrs{0, 1, 2, 3, 4, 5, 6, 7};

// Where nothing is yet: several folders may have one TPM.
Result<std::pair<tpm::NvHandle, std::uint64_t>> make_counter(tpm::Tpm& tpm) {
  for (tpm::NvHandle handle = kFirstCounter; handle < kFirstCounter + kCounterPlaces; ++handle) {
    const auto value = tpm::create_counter(tpm, handle);
    if (value) return std::pair(handle, *value);
    if (value.error().code() != Errc::kAlreadyExists) return value.error();
  }
  return Error(Errc::kResourceExhausted, "the TPM has 64 counters of Redoubt's: remove those of folders that are gone");
}

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

Result<NewSealing> seal_storage_key(FileSystem& fs, const Layout& layout, tpm::Tpm& tpm,
                                    const crypto::Secret& storage_key, const crypto::P256PublicKey& approver) {
  const auto counter = make_counter(tpm);
  if (!counter) return counter.error();
  NewSealing out;
  out.version = counter->second;
  // Nothing started a TPM of software: its registers of firmware are zeros.
  out.sealing = {.id = {}, .counter = counter->first, .boot = !tpm.identity().is_emulated, .approver = approver};
  crypto::random_bytes(out.sealing.id);
  if (out.sealing.boot) {
    const auto boot = tpm::read_pcrs(tpm, kBootPcrs);
    if (!boot) return boot.error();
    out.boot = *boot;
  }
  const auto sealed = tpm::seal(tpm, storage_key, approver, out.sealing.purpose());
  if (!sealed) return sealed.error();
  const std::string path = layout.keeper() + "/" + sealing::kSealedFile;
  if (auto done = write_file_atomically(fs, path, sealed->encode()); !done) return done.error();
  ::chmod(path.c_str(), 0600);
  const std::string text = out.sealing.format();
  if (auto done = write_file_atomically(fs, layout.sealing(), as_bytes(text)); !done) return done.error();
  return out;
}

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
