// From signals to alerts, incidents and responses: decides what a signal means, as a fact to be proposed.
//
//   Responder responder(playbooks, surroundings);
//   for (each signal, in the order of the ledger) {
//     auto proposal = responder.take(signal, now, tables);          // nothing: a further signal of a known cause
//     if (*proposal) engine.propose(**proposal, …);                 // wait until it is in force, then the next signal
//   }
//
// One fact holds the alert, the incident that it opens or joins, and all responses: after a crash all of it is true or
// none, and reading the same signals again decides nothing twice.
//
// What no playbook can do:
// - touch a principal or a key for a signal that is not proven to come from it, or that others may have brought about
// by
//   what they let it read (the tag `redoubt:induced`);
// - touch who is exempt, or what there is not;
// - answer what has been over for an hour: a ledger that is read again, or late, has its alerts, and no responses;
// - do again what is in force already: so a response whose effects are noticed does not feed itself;
// - stop more than the guards allow: beyond them a response waits for a person.
// What was held back so is said in the alert.
//
// The engine's thread. Deterministic: time, tables and surroundings are arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "behaviour/signal.h"
#include "incident/alert.h"
#include "incident/facts.h"
#include "incident/playbook.h"
#include "incident/restrictions.h"
#include "state/engine.h"

namespace redoubt::incident {

// What the responder asks of others.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // Whether there is such a thing.
  virtual bool exists(const Target& target) = 0;
  // Whether no automatic response touches it: break-glass, administrators…; why. Empty: it may.
  virtual std::string exempt(const Target& target) = 0;
  // Its share of the tenant's requests lately, 0 to 1; nothing when it is not known.
  virtual std::optional<double> share(const Target& target, std::string_view tenant) = 0;
};

inline constexpr std::string_view kInducedTag = "redoubt:induced";
inline constexpr std::int64_t kAnswerWithinMs = 3'600'000;  // of a signal's entry; later nothing is done by itself
inline constexpr std::int64_t kGrowMs = 60'000;             // an alert says how far it has grown once a minute at most,
inline constexpr std::uint64_t kGrowFactor = 10;            // or when it has grown tenfold
inline constexpr std::size_t kGrowingMax = 100'000;         // alerts whose growth is not on record yet
inline constexpr std::size_t kNetworksOfRuleMax = 64;  // with alerts of their own within kAlertQuietMs; whoever comes
inline constexpr std::string_view kOtherNetworks = "network/*";  // from further ones is in the alert about these
inline constexpr Severity kIncidentFrom = Severity::kMedium;
inline constexpr std::size_t kResponsesOfIncidentMax = 64;  // of playbooks

class Responder {
 public:
  // `restrictions` is what is in force, as the projection has it; all three must outlive this.
  Responder(std::vector<Playbook> playbooks, Surroundings& surroundings, const Restrictions& restrictions);

  // Other playbooks from the next signal on; what was counted stays. Not null.
  void use(std::shared_ptr<const std::vector<Playbook>> playbooks) { playbooks_ = std::move(playbooks); }

  // What this signal makes true, or nothing. The tables must hold what earlier calls returned. Whose playbooks act is
  // said in the proposal's actor (`on_behalf_of`, `playbook/NAME@DIGEST`); the rest of it is the caller's to fill in.
  // Errors: those of the tables.
  Result<std::optional<state::Proposal>> take(const behaviour::Signal& signal, UnixMillis now, state::Tables& tables);

  // Growth that is not on record yet and older than kGrowMs: one of them, or nothing.
  Result<std::optional<state::Proposal>> settle(UnixMillis now, state::Tables& tables);

  // Ends a response whose time is over: one of them, or nothing.
  Result<std::optional<state::Proposal>> expire(UnixMillis now, state::Tables& tables);

  std::size_t growing() const { return growing_.size(); }

 private:
  struct Growth {
    std::uint64_t index = 0;
    UnixMillis time;
    std::uint64_t count = 0;
    Severity severity = Severity::kLow;
    UnixMillis since;  // when the first of them was taken
  };
  struct Plan;
  // Whose name stands in the fact: of the first that acts, and of further ones as far as there is room.
  std::string acting(const std::vector<PlannedResponse>& responses) const;

  // An alert that there is not yet. Of an attack from very many networks: the one about all further ones.
  Result<std::optional<state::Proposal>> begin(const behaviour::Signal& signal, UnixMillis now, state::Tables& tables);
  Result<std::optional<state::Proposal>> raise(const behaviour::Signal& signal, UnixMillis now, state::Tables& tables);
  Result<std::optional<state::Proposal>> grow(const Alert& alert, const behaviour::Signal& signal, UnixMillis now,
                                              state::Tables& tables);
  Result<Plan> plan(const behaviour::Signal& signal, std::uint64_t count, const Alert& alert, UnixMillis now,
                    state::Tables& tables);
  // Why this action is not done at all; empty: it may be.
  std::string forbidden(const Action& action, const behaviour::Signal& signal, bool about, UnixMillis now);
  // Why it waits; empty: it need not.
  std::string waits(const Playbook& playbook, const Action& action, std::string_view tenant, unsigned planned,
                    double planned_share, UnixMillis now, state::Tables& tables);

  std::shared_ptr<const std::vector<Playbook>> playbooks_;
  Surroundings& surroundings_;
  const Restrictions& restrictions_;
  std::map<std::string, Growth, std::less<>> growing_;  // by the alert's id
};

}  // namespace redoubt::incident
