#include "redoubt/enclave/offline_keys.h"

#include <optional>
#include <utility>

#include "base/file.h"
#include "redoubt/enclave/offline_enclave.h"
#include "sealing/keeper_keys.h"
#include "sealing/sealing.h"
#include "tpm/measurement_log.h"
#include "tpm/tpm.h"

namespace redoubt::app {

Result<keys::KeyStore> open_store_offline(const Layout& layout, bool locked) {
  PosixFileSystem fs;
  const auto sealed = sealing::is_sealed(fs, layout.keeper());
  if (!sealed) return sealed.error();
  if (!*sealed) return keys::KeyStore::plain();
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  OfflineEnclave enclave(layout);
  if (auto done = enclave.load(); !done) return done.error();
  if (locked) enclave.is_locked_out();
  if (auto done = enclave.have_keys_openable(); !done) return done.error();
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

}  // namespace redoubt::app
