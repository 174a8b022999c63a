#include "keeper/measuring.h"

#include <utility>

#include "encoding/base64.h"

namespace redoubt {
namespace {

constexpr const char* kLog = "/log";
constexpr const char* kHistory = "/history";

std::string name_of(const crypto::Sha256Digest& bundle) {
  return "sha256:" + encoding::hex(bundle);
}

Error another_bundle(const std::string& files, const std::string& in_force) {
  return {Errc::kPermissionDenied,
          "the configuration and policies in the folder (" + files +
              ") are not those that were brought into force last (" + in_force +
              "), so no key is opened. To go on, put those back: they are kept in `state/bundles`. To change "
              "them, start with those, then send SIGHUP with the new ones in place; where nothing starts with those, "
              "`redoubt enclave approve --bring-into-force` lets another `redoubt.toml` come into force"};
}

Result<tpm::HistoryLog> read_history(FileSystem& fs, const std::string& folder) {
  const auto bytes = read_file(fs, folder + kHistory, tpm::HistoryLog::kMaxBytes);
  if (!bytes) return bytes.error();
  auto history = tpm::HistoryLog::decode(*bytes);
  if (!history) return history.error().in("`measured/history`");
  return history;
}

std::optional<ledger::KnownActivation> last_of(const tpm::HistoryLog& history) {
  if (history.events().empty()) return std::nullopt;
  const tpm::HistoryEvent& last = history.events().back();
  return ledger::KnownActivation{.bundle = last.digest, .fact = last.index};
}

}  // namespace

Result<Measuring> Measuring::open(tpm::Tpm& tpm, FileSystem& fs, std::string folder, crypto::Secret history_key) {
  auto log_bytes = read_file(fs, folder + kLog, tpm::MeasurementLog::kMaxBytes);
  if (!log_bytes) return log_bytes.error();
  auto log = tpm::MeasurementLog::decode(*log_bytes);
  if (!log) return log.error().in("`measured/log`");
  auto history = read_history(fs, folder);
  if (!history) return history.error();
  if (auto done = tpm::catch_up(tpm, *history, history_key); !done) return done.error().in("the history of bundles");
  if (auto done = tpm::catch_up(tpm, *log); !done) return done.error();
  return Measuring(fs, std::move(folder), std::move(history_key), *std::move(log), *std::move(history));
}

std::optional<ledger::KnownActivation> Measuring::known() const {
  return last_of(history_);
}

Result<> Measuring::measure(tpm::Tpm& tpm, const ledger::Activation& activation) {
  const auto last = known();
  if (last && activation.fact < last->fact) {
    return Error(Errc::kInvalidArgument, "a later bundle was measured already");
  }
  if (!last || last->fact != activation.fact) {
    if (auto done = add_to_history(activation); !done) return done;
  }
  if (auto done = tpm::catch_up(tpm, history_, history_key_); !done) return done;
  const tpm::Measurement* const now = log_.last_of(kBundlePcr);
  if (now == nullptr || now->value != to_bytes(activation.bundle)) {
    if (auto done = add_to_log(activation); !done) return done;
  }
  return tpm::catch_up(tpm, log_);
}

Result<> Measuring::add_to_history(const ledger::Activation& activation) {
  tpm::HistoryLog next = history_;
  if (auto done = next.add({.digest = activation.bundle, .index = activation.fact}); !done) return done;
  if (auto done = write_file_atomically(*fs_, folder_ + kHistory, next.encode()); !done) return done;
  history_ = std::move(next);
  return {};
}

Result<> Measuring::add_to_log(const ledger::Activation& activation) {
  if (log_.measurements().size() + kLeftForStarts >= tpm::MeasurementLog::kMaxEvents) {
    return Error(Errc::kResourceExhausted, "the log of measurements is full until the machine starts anew");
  }
  tpm::MeasurementLog next = log_;
  const auto added = next.add({.pcr = kBundlePcr, .name = "bundle", .value = to_bytes(activation.bundle)});
  if (!added) return added;
  if (auto done = write_file_atomically(*fs_, folder_ + kLog, next.encode()); !done) return done;
  log_ = std::move(next);
  return {};
}

Result<std::optional<ledger::Activation>> bundle_in_force(FileSystem& fs, const std::string& measured,
                                                          const std::string& ledger_folder) {
  const auto history = read_history(fs, measured);
  if (!history && history.error().code() != Errc::kNotFound) return history.error();
  return ledger::last_activation(fs, ledger_folder, history ? last_of(*history) : std::nullopt);
}

Result<> check_bundle(const std::optional<ledger::Activation>& in_force, const std::string& bundle,
                      const std::optional<sealing::ActivationApproval>& approved) {
  if (!in_force || name_of(in_force->bundle) == bundle) return {};
  const bool may_follow = approved && approved->replaces == in_force->bundle && approved->fact == in_force->fact &&
                          name_of(approved->bundle) == bundle;
  if (!may_follow) return another_bundle(bundle, name_of(in_force->bundle));
  return {};
}

}  // namespace redoubt
