// What happened to alerts, incidents and responses, one item after the other: the timeline of an incident, by when
// things were or by when they became known; and all of it in the order of the ledger, to be followed.
//
// An item is a fact, or a part of one: an alert that is raised may open an incident and begin responses, all in one
// fact. So an item's place is the fact's index and the part. The engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "state/tables.h"

namespace redoubt::incident {

enum class Happening : std::uint8_t {
  kAlertRaised,
  kAlertGrew,
  kIncidentOpened,
  kIncidentChanged,
  kIncidentNoted,
  kIncidentMerged,
  kIncidentClosed,
  kResponseProposed,   // waits for somebody
  kResponseStarted,    // is active
  kResponseRehearsed,  // was not enforced
  kResponseAccepted,
  kResponseUndone,
  kResponseRefused,
  kResponseExpired,
  kClockAware,       // somebody said when they knew
  kClockDecided,     // whether a law wants it told
  kClockTold,        // what it wants was told
  kNoticeAttempted,  // somebody outside was told, or not
};
inline constexpr std::size_t kHappeningCount = 18;
std::string_view to_string(Happening happening);  // `alert.raised`, `incident.opened`, `response.expired`…

// Where an item is.
struct ItemPlace {
  std::uint64_t index = 0;  // of the fact, in the system log
  std::uint64_t part = 0;   // of the fact, from 0
  friend auto operator<=>(const ItemPlace&, const ItemPlace&) = default;
};

struct TimelineItem {
  ItemPlace place;
  Happening what = Happening::kAlertRaised;
  std::string object;    // `alert/ID`, `incident/ID`, `response/ID`, `clock/ID`, `notice/ID/ENDPOINT`
  std::string incident;  // id of the one that it belongs to now; empty: none
  std::string actor;     // principal; `redoubt`: the server itself
  UnixMillis event{};    // when it was: of an alert, of the entry that raised its first or last signal; of awareness,
                         // what was said
  UnixMillis discovered{};  // when it became known: the fact's time
  std::string text;         // for people, one line; never what is sealed
};

enum class TimelineOrder : std::uint8_t { kEvent, kDiscovery };

// A place in a timeline: the last item that was seen.
struct TimelineAfter {
  UnixMillis event{};  // TimelineOrder::kDiscovery does not look at it: facts become known in their order
  ItemPlace place;
};

// Items of one incident, the oldest first, after `after`, at most `limit`.
Result<std::vector<TimelineItem>> list_timeline(state::Tables& tables, std::string_view incident, TimelineOrder order,
                                                const std::optional<TimelineAfter>& after, std::size_t limit);
// Items of all, in the order of the ledger, likewise.
Result<std::vector<TimelineItem>> items_after(state::Tables& tables, const std::optional<ItemPlace>& after,
                                              std::size_t limit);

}  // namespace redoubt::incident
