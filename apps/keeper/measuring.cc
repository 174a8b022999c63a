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
              "them, start with those, then send SIGHUP with the new ones in place"};
}

}  // namespace

Result<Measuring> Measuring::open(tpm::Tpm& tpm, FileSystem& fs, std::string folder, crypto::Secret history_key) {
  auto log_bytes = read_file(fs, folder + kLog, tpm::MeasurementLog::kMaxBytes);
  if (!log_bytes) return log_bytes.error();
  auto log = tpm::MeasurementLog::decode(*log_bytes);
  if (!log) return log.error().in("`measured/log`");
  auto history_bytes = read_file(fs, folder + kHistory, tpm::HistoryLog::kMaxBytes);
  if (!history_bytes) return history_bytes.error();
  auto history = tpm::HistoryLog::decode(*history_bytes);
  if (!history) return history.error().in("`measured/history`");
  if (auto done = tpm::catch_up(tpm, *history, history_key); !done) return done.error().in("the history of bundles");
  if (auto done = tpm::catch_up(tpm, *log); !done) return done.error();
  return Measuring(fs, std::move(folder), std::move(history_key), *std::move(log), *std::move(history));
}

std::optional<ledger::KnownActivation> Measuring::known() const {
  if (history_.events().empty()) return std::nullopt;
  const tpm::HistoryEvent& last = history_.events().back();
  return ledger::KnownActivation{.bundle = last.digest, .fact = last.index};
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

Result<> check_bundle(tpm::Tpm& tpm, Measuring& measuring, FileSystem& fs, const std::string& ledger_folder,
                      const std::string& bundle) {
  const auto last = ledger::last_activation(fs, ledger_folder, measuring.known());
  if (!last) return last.error();
  if (!*last) return {};
  const std::string in_force = name_of((*last)->bundle);
  if (in_force != bundle) return another_bundle(bundle, in_force);
  return measuring.measure(tpm, **last);
}

}  // namespace redoubt
