// The spine of an incident: the facts about it, its alerts, responses and clocks that changed something, each with the
// moment at which it happened and that at which Redoubt knew of it.
//
// The engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "state/projection.h"

namespace redoubt::incident {

struct HistoryEvent {
  std::uint64_t index = 0;  // of the fact, in the system log
  std::string object;       // `alert/ID`, `incident/ID`, `response/ID`, `clock/ID`
  std::string kind;         // of the fact
  std::string actor;
  UnixMillis happened;  // the entry that raised the signal, the awareness time, …; else as `known`
  UnixMillis known;     // the fact's time
};

enum class HistoryOrder : std::uint8_t { kHappened, kKnown };

// What a page begins behind.
struct HistoryPlace {
  UnixMillis time;
  std::uint64_t index = 0;
};

// The oldest first, what happened at once in the order of the log.
Result<std::vector<HistoryEvent>> list_history(state::Tables& tables, std::string_view incident, HistoryOrder order,
                                               const std::optional<HistoryPlace>& after, std::size_t limit);

// Notes a fact of this module that was folded. By the fold, after it.
void note_event(const state::FoldedFact& fact, state::Tables& tables);

}  // namespace redoubt::incident
