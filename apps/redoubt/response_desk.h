// Where signals are answered: what the watch of behaviour tells becomes alerts, incidents and responses, one fact at a
// time, by the playbooks of the bundle in force.
//
// A signal is taken when the one before is on record and in force on every core, so that what it decides is decided by
// what is true. When the ledger takes no facts, signals wait in their queue (signal_feed.h).
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/models_projection.h"
#include "base/clock.h"
#include "behaviour/signal.h"
#include "identity/identity_projection.h"
#include "incident/incident_projection.h"
#include "incident/playbook.h"
#include "incident/responder.h"
#include "redoubt/signal_feed.h"
#include "state/engine.h"

namespace redoubt::app {

// The engine's thread, that of `io`.
class ResponseDesk final : private incident::Surroundings {
 public:
  // All must outlive its last call; it must outlive the engine, which may answer while it ends.
  struct Parts {
    boost::asio::io_context& io;
    state::Engine& engine;
    state::FactSink& sink;  // tells the time
    const Clock& clock;
    const identity::IdentityProjection& identities;
    const admin::ModelsProjection& models;
    const incident::IncidentProjection& incidents;
    SignalFeed& feed;
  };
  explicit ResponseDesk(const Parts& parts);

  // From the next signal on. Not null.
  void use(std::shared_ptr<const std::vector<incident::Playbook>> playbooks);

  // Answers what there is. Nothing before playbooks are in use and the state is in its file, and while it is behind the
  // ledger.
  void work();
  // From time to time: what was counted and is not on record yet, and what has ended.
  void tick();
  // No further fact. Signals that wait are forgotten, to be read again.
  void stop();

 private:
  // incident::Surroundings.
  bool exists(const incident::Target& target) override;
  std::string exempt(const incident::Target& target) override;
  std::optional<double> share(const incident::Target& target, std::string_view tenant) override;

  bool ready() const;
  // Proposes it; what is next once it is in force. An error ends what is being done until the next tick.
  void propose(Result<std::optional<state::Proposal>> wanted);
  void proposed(const Result<state::Applied>& done);
  void answered();
  void pause(const Error& why);

  const Parts parts_;
  incident::Responder responder_;
  bool in_use_ = false;
  bool busy_ = false;    // a fact is on its way
  bool posted_ = false;  // work() is about to be called
  bool stopped_ = false;
  std::optional<behaviour::Signal> signal_;  // that is being answered
  unsigned tries_ = 0;                       // of it
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::steady_clock::time_point next_settling_{};
  std::string told_;  // the last failure in the log
};

}  // namespace redoubt::app
