// The administration of a running server: the state, its thread, and what it brings into force on the cores.
//
// Here meet what do not know each other: the engine and its projections (state, identity, limits), the ledger as source
// and sink of facts, the administrative interface (admin), the cores (gateway), and behaviour, which reads what they
// recorded. What callers have used of their limits is no fact: once a second its changes go to a file in the state's
// folder.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/administration.h"
#include "gateway/gateway.h"
#include "ledger/record_time.h"
#include "limits/meters.h"

namespace redoubt::app {

struct AdministrationSettings {
  std::string origin;   // of the log
  std::string version;  // of Redoubt
  // On whose behalf the server brings what lies in its files into force: `uid:0`.
  std::string operator_name;
  // The digest of a bundle that the keys' approvers approved to come into force with this start; empty: of none.
  std::string approved_bundle;
  std::vector<gateway::TenantSettings> tenants;
  std::string ledger_directory;
  bool tls = false;  // on its TCP listener
  std::chrono::milliseconds drain_grace{30'000};
  std::chrono::milliseconds denial_interval = gateway::DenialCounter::kInterval;
  std::chrono::milliseconds ledger_timeout{10'000};
  std::size_t meters = 0;  // that limits may need at once: limits::Meters' capacity
  std::shared_ptr<ledger::RecordTime> record_time = std::make_shared<ledger::RecordTime>();  // the cores'
};

// Descriptors are taken over.
struct AdministrationHandles {
  gateway::CoreHandles core;  // its ring pair, and its TCP listener
  UniqueFd socket;            // its Unix listener, bound
  UniqueFd bundle;            // where packed bundles are sent, once before the start and again before each SIGHUP
  UniqueFd start_question;    // where the launcher is asked whether a server would start (start_check.h)
  UniqueFd notifier;          // to the notifier (notify/wire.h)
  UniqueFd notifier_wanted;   // where the launcher is told which one is wanted
  UniqueFd state_folder;
};

class StateAdministration final : public gateway::Administration {
 public:
  // `keeper_wake_fd` stays the caller's. Reads what was used before (limits/usage_file.h); an error when that is there
  // and cannot be read.
  static Result<std::unique_ptr<StateAdministration>> create(AdministrationSettings settings,
                                                             AdministrationHandles handles, int keeper_wake_fd);
  ~StateAdministration() override;

  // What the cores seal features with; nothing can be sealed before run().
  const behaviour::FeatureSealing& features() const;

  // What the cores count in: they hold what was used before, and are kept across restarts.
  limits::Meters& meters();

  Result<> run(gateway::AccessPublisher& cores) override;
  gateway::HoldDesk& holds() override;
  gateway::BehaviourGauges behaviour() override;
  gateway::NoticeGauges notices() override;
  void set_tls(std::shared_ptr<const net::TlsServerContext> context) override;
  void reload() override;
  void ledger_gone(const std::string& why) override;
  void drain(std::function<void()> drained) override;
  void stop() override;

 private:
  class Impl;
  explicit StateAdministration(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::app
