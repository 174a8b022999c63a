#include "keeper/keys_at_rest.h"

#include <utility>

#include "tpm/measurement_log.h"

namespace redoubt {
namespace {

// What the launcher told the TPM.
Result<tpm::MeasurementLog> read_measured(FileSystem& fs) {
  const auto bytes = read_file(fs, "measured/log", tpm::MeasurementLog::kMaxBytes);
  if (!bytes) return bytes.error();
  auto log = tpm::MeasurementLog::decode(*bytes);
  if (!log) return log.error().in("`measured/log`");
  return log;
}

}  // namespace

Result<sealing::KeeperKeys> open_keys_at_rest(FileSystem& fs, tpm::Tpm* tpm,
                                              std::span<const sealing::KeptApproval> approvals,
                                              const std::string& redoubt) {
  tpm::MeasurementLog measured;
  if (tpm != nullptr) {
    auto log = read_measured(fs);
    if (!log) return log.error();
    measured = *std::move(log);
  }
  return sealing::open_keeper_keys(fs, ".",
                                   {.tpm = tpm, .measured = &measured, .approvals = approvals, .redoubt = redoubt});
}

}  // namespace redoubt
