// What a command needs of a folder to get at its TPM while no server runs from it.
//
//   OfflineEnclave enclave(layout);
//   enclave.load();
//   enclave.have_keys_openable();
//   …  the keeper's program: --tpm=enclave.keepers_tpm()
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "redoubt/enclave.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"
#include "sealing/new_sealing.h"
#include "tpm/tpm.h"

namespace redoubt::app {

// One thread. A TPM of software runs from open() or measure() to the end of the object, or to the next of these calls.
class OfflineEnclave {
 public:
  explicit OfflineEnclave(Layout layout) : layout_(std::move(layout)) {}
  OfflineEnclave(const OfflineEnclave&) = delete;
  OfflineEnclave& operator=(const OfflineEnclave&) = delete;
  ~OfflineEnclave() { enclave_.stop(); }

  // Reads redoubt.toml. First.
  Result<> load();
  // In its place, for a folder that has none yet: to this TPM, as `enclave.tpm`.
  void begin_with(std::string tpm) { settings_.tpm = std::move(tpm); }

  const Layout& layout() const { return layout_; }
  const Settings& settings() const { return settings_; }
  const std::string& configuration() const { return configuration_; }  // its text
  const std::string& tpm() const { return settings_.tpm; }             // as configured; empty: none

  // From now on no server runs from the folder, and what lies in it may be given to whom it belongs. kUnavailable when
  // one runs. Or the caller has that lock, of lock_out_server(), and keeps it.
  Result<> lock_out();
  void is_locked_out() { locked_ = true; }

  // The TPM, for who measures nothing. Errors: kInvalidArgument when none is configured; those of Enclave::open().
  Result<tpm::Tpm> open();
  // The TPM is told what runs, as at a start; nothing happens where none is configured. Errors: those of
  // Enclave::start().
  Result<> measure();
  // Locks the server out and measures, where the keys are sealed; else nothing happens, and one may run.
  Result<> have_keys_openable();

  // Has the keeper's program, by `seal`, seal to the TPM that is configured, and reads what it left.
  Result<sealing::NewSealing> have_sealed(const std::function<Result<>(const std::string& keepers_tpm)>& seal);

  // As Enclave's.
  const std::string& keepers_tpm() const { return enclave_.tpm(); }
  const std::string& where() const { return enclave_.where(); }

 private:
  Result<std::optional<confine::UserIds>> prepare();

  Layout layout_;
  Settings settings_;
  std::string configuration_;
  bool loaded_ = false;
  bool locked_ = false;
  UniqueFd lock_;
  Enclave enclave_;
};

}  // namespace redoubt::app
