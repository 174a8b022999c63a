#include "redoubt/enclave/offline_enclave.h"

#include <optional>
#include <utility>

#include "base/config.h"
#include "base/file.h"
#include "redoubt/confinement.h"
#include "redoubt/offline_state.h"
#include "sealing/keeper_keys.h"

namespace redoubt::app {

Result<> OfflineEnclave::load() {
  PosixFileSystem fs;
  auto settings = load_settings(fs, layout_.config());
  if (!settings) return settings.error();
  const auto text = read_file(fs, layout_.config(), ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  settings_ = *std::move(settings);
  configuration_ = as_chars(*text);
  loaded_ = true;
  return {};
}

Result<> OfflineEnclave::lock_out() {
  if (locked_) return {};
  auto lock = lock_out_server(layout_);
  if (!lock) return lock.error();
  lock_ = *std::move(lock);
  locked_ = true;
  return {};
}

// The keeper's user. A folder that is not made yet is whose it is.
Result<std::optional<confine::UserIds>> OfflineEnclave::prepare() {
  enclave_.stop();
  if (!loaded_) return std::optional<confine::UserIds>();
  const auto users = find_process_users(settings_);
  if (!users) return users.error();
  if (locked_) {
    Enclave::tidy(layout_);
    if (auto done = take_over(layout_, *users); !done) return done.error();
  }
  return users->keeper;
}

Result<tpm::Tpm> OfflineEnclave::open() {
  if (settings_.tpm.empty()) return Error(Errc::kInvalidArgument, "redoubt.toml has no `enclave.tpm`");
  const auto user = prepare();
  if (!user) return user.error();
  return enclave_.open(layout_, settings_.tpm, *user);
}

Result<> OfflineEnclave::measure() {
  const auto user = prepare();
  if (!user) return user.error();
  return enclave_.start(
      layout_, {.tpm = settings_.tpm, .user = *user, .programs = measured_programs(), .configuration = configuration_});
}

Result<> OfflineEnclave::have_keys_openable() {
  PosixFileSystem fs;
  const auto sealed = sealing::is_sealed(fs, layout_.keeper());
  if (!sealed) return sealed.error();
  if (!*sealed) return {};
  if (auto done = lock_out(); !done) return done.error().in("the keys are sealed to the TPM, which the server uses");
  return measure();
}

Result<sealing::NewSealing> OfflineEnclave::have_sealed(
    const std::function<Result<>(const std::string& keepers_tpm)>& seal) {
  // Opened, to see that it is there, and closed: one of software has one user at a time.
  if (auto there = open(); !there) return there.error();
  if (auto done = seal(enclave_.tpm()); !done) return done.error();
  auto tpm = tpm::Tpm::open(enclave_.where());
  if (!tpm) return tpm.error();
  PosixFileSystem fs;
  return sealing::read_new_sealing(fs, layout_.sealing(), *tpm);
}

}  // namespace redoubt::app
