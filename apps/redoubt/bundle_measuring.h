// Has the keeper measure which bundle is in force, once for each activation: at the start, for what an earlier run may
// not have come to, and after each further one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/client.h"
#include "state/bundle.h"

namespace redoubt::app {

// The client's thread.
class BundleMeasuring final : ledger::LedgerClient::OpenWaiter {
 public:
  static constexpr std::chrono::milliseconds kRetry{250};

  // All must outlive it.
  BundleMeasuring(ledger::LedgerClient& client, const state::BundleProjection& bundles, const Clock& clock)
      : client_(client), bundles_(bundles), clock_(clock) {}
  BundleMeasuring(const BundleMeasuring&) = delete;
  BundleMeasuring& operator=(const BundleMeasuring&) = delete;
  ~BundleMeasuring() override { client_.abandon(this); }

  // Asks, when something is in force that was not measured and nothing is under way. What fails is tried again.
  void tick();

 private:
  void opened(Result<Bytes> answer) override;
  Result<> ask(const state::BundleProjection::Activation& activation);
  void failed(const Error& why);

  ledger::LedgerClient& client_;
  const state::BundleProjection& bundles_;
  const Clock& clock_;
  std::optional<std::uint64_t> asked_;     // the fact that is under way
  std::optional<std::uint64_t> measured_;  // the last one that was
  bool never_ = false;                     // the keeper has nothing that measures
  std::string told_;                       // the last failure that was logged
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace redoubt::app
