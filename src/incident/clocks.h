// Regulatory clocks of an incident: when somebody became aware of it, which laws want it told, by whom that was
// decided, what has been told, and from that, with a table of laws (regimes.h), what is due until when.
//
//   incident.clock.aware   object `clock/INCIDENT`: the awareness time; again: corrected
//   incident.clock.decide  object `clock/INCIDENT`: whether a regime wants it told, and why
//   incident.clock.tell    object `clock/INCIDENT`: a step of a regime is done
//
// Facts hold what was said, never what was computed: deadlines come of them, the table and the time, whenever they are
// asked for. A person decides, never Redoubt: a fact of these in the server's own name changes nothing. Clocks run on
// when an incident is closed, since reports come later; of one that is merged they are those of the other.
//
// Values: any thread; what reads tables: the engine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "encoding/json_reader.h"
#include "incident/regimes.h"
#include "state/engine.h"
#include "state/tables.h"

namespace redoubt::incident {

inline constexpr std::string_view kClockBecomeAware = "incident.clock.aware";
inline constexpr std::string_view kClockDecide = "incident.clock.decide";
inline constexpr std::string_view kClockTell = "incident.clock.tell";

struct Awareness {
  UnixMillis time;
  std::string why;  // how one became aware: one line
  std::string by;   // the principal who said so
  UnixMillis recorded;
  std::uint64_t index = 0;        // of the fact
  UnixMillis first;               // as it was first said
  std::uint32_t corrections = 0;  // since then
};

struct Notifiability {
  std::string regime;
  bool notifiable = false;
  std::string why;
  std::string by;
  UnixMillis since;         // from when on it was decided so, without a break
  UnixMillis decided;       // last
  std::uint64_t index = 0;  // of the fact
  std::string table;        // digest of the table that was in force
};

struct Told {
  std::string regime;
  std::string step;
  UnixMillis first;       // when it was done
  UnixMillis last;        // likewise, for the last time: further terms run from here
  std::string reference;  // what the receiver calls it: one line, may be empty
  std::string by;
  std::uint64_t index = 0;  // of the last fact
};

struct Clocks {
  std::optional<Awareness> awareness;
  std::vector<Notifiability> decisions;  // by regime
  std::vector<Told> told;                // by regime and step
};

// ---- what is due

enum class ClockState : std::uint8_t {
  kUndecided,      // nobody has said whether it is notifiable
  kNotNotifiable,  // somebody said that it is not
  kDue,            // it is, and the term runs; or there is no figure for it
  kOverdue,
  kDone,  // in time
  kDoneLate,
};
std::string_view to_string(ClockState state);  // `undecided`, `not_notifiable`, `due`, `overdue`, `done`, `done_late`

struct Deadline {
  std::string regime;
  std::string step;
  std::string to;
  std::string law;
  std::string article;
  std::optional<UnixMillis> due;  // the first moment that is too late; none: without undue delay
  bool provisional = false;  // `due` rests on what is still to be decided or done, at the latest moment for that or now
  ClockState state = ClockState::kUndecided;
  std::optional<UnixMillis> done;
};

// One for each step of each regime that held at the awareness time, in the table's order; none before there is an
// awareness time. Decisions of regimes that the table does not have are left out here: they stay in Clocks.
std::vector<Deadline> deadlines(const Clocks& clocks, const RegimeTable& table, UnixMillis now);

// ---- facts. `actor` is the caller's to fill in, a person; `expects` is engine.version_of(clock_object(incident)).
// kInvalidArgument for what is not within the limits.

std::string clock_object(std::string_view incident);

struct AwareFact {
  UnixMillis time;  // not after the fact's own
  std::string why;
};
struct DecideFact {
  std::string regime;
  bool notifiable = false;
  std::string why;
  std::string table;  // RegimeTable::digest
};
struct TellFact {
  std::string regime;
  std::string step;
  UnixMillis time;  // not after the fact's own
  std::string reference;
};
Result<state::Proposal> propose_aware(std::string_view incident, const AwareFact& fact, std::uint64_t expects);
Result<state::Proposal> propose_decide(std::string_view incident, const DecideFact& fact, std::uint64_t expects);
Result<state::Proposal> propose_tell(std::string_view incident, const TellFact& fact, std::uint64_t expects);

// Bodies, strictly. kInvalidArgument.
Result<AwareFact> read_aware(const simdjson::dom::object& body);
Result<DecideFact> read_decide(const simdjson::dom::object& body);
Result<TellFact> read_tell(const simdjson::dom::object& body);

// What the tables hold of an incident's clocks; of none: nothing in it.
Result<Clocks> find_clocks(state::Tables& tables, std::string_view incident);
// Incidents of which somebody is aware, those that were said last first.
Result<std::vector<std::string>> incidents_with_clocks(state::Tables& tables, std::size_t limit);

}  // namespace redoubt::incident
