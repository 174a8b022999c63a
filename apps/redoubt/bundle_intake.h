// What lies in the operator's files, on its way into force: sent by the launcher before the start and before each
// SIGHUP, kept, its dictionaries opened, and activated by a fact, unless that takes two persons.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/dictionary_desk.h"
#include "ledger/client.h"
#include "redoubt/kept_bundles.h"
#include "state/bundle.h"
#include "state/engine.h"

namespace redoubt::app {

// The engine's thread.
class BundleIntake {
 public:
  // What it works on; all must outlive it.
  struct Parts {
    state::Engine& engine;
    const ledger::LedgerClient& ledger;
    const state::BundleProjection& bundles;
    KeptBundles& kept;
    gateway::DictionaryDesk& dictionaries;
    const Clock& clock;
    int socket;                        // where packed bundles are sent
    const std::string& operator_name;  // on whose behalf they are activated
    // What the keys' approvers approved to come into force at the start, so that it takes no two persons; empty:
    // nothing.
    const std::string& approved;
    // What lies in files cannot come into force at the start, and nothing else is meant to.
    std::function<void(const Error& why)> fail;
  };
  explicit BundleIntake(const Parts& parts) : parts_(parts) {}

  // At the start: what was sent is in force, or wanted from now on. kPermissionDenied when it is neither the one in
  // force nor may be without two persons; errors of reading and loading it. Nothing is served then.
  Result<> choose();
  // On SIGHUP: what was sent is wanted from now on, or the log says why not, and nothing changes.
  void reload();
  // Has the keeper open the dictionaries of what is wanted, then proposes it, when the ledger takes facts; tried again
  // on each tick until it is in force, or refused.
  void tick();

 private:
  Result<state::Bundle> receive() const;
  Result<bool> needs_two_persons(const state::Bundle& bundle) const;
  void activate();
  void opened(const std::string& digest, const Result<>& done);
  void propose();
  void activated(const Result<state::Applied>& done);

  const Parts parts_;
  std::optional<ValidBundle> wanted_;  // loaded, so that nothing is compiled anew when it comes into force
  bool starting_ = false;              // that is what choose() wants
  bool activating_ = false;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace redoubt::app
