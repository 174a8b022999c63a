// Alerts, incidents and responses, read from the tables. The engine's thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/alert.h"
#include "incident/response.h"
#include "state/tables.h"

namespace redoubt::incident {

struct AlertFilter {
  std::optional<std::string> rule;
  std::optional<std::string> key;
  std::optional<std::string> tenant;
  std::optional<std::string> incident;
  Severity least = Severity::kLow;
};

struct IncidentFilter {
  std::optional<IncidentStatus> status;
  std::optional<std::string> owner;
  std::optional<std::string> tenant;
};

struct ResponseFilter {
  std::optional<ResponseStatus> status;
  std::optional<std::string> incident;
  std::optional<std::string> target;  // text
};

// A place in a list whose newest comes first: what comes after it is older.
struct After {
  UnixMillis time{};
  std::string id;
};

Result<std::optional<Alert>> find_alert(state::Tables& tables, std::string_view id);
// The last one of this cause, whether or not it is over.
Result<std::optional<Alert>> last_alert(state::Tables& tables, std::string_view rule, std::string_view key);
// The newest (by discovery) first.
Result<std::vector<Alert>> list_alerts(state::Tables& tables, const AlertFilter& filter,
                                       const std::optional<After>& after, std::size_t limit);

Result<std::optional<Incident>> find_incident(state::Tables& tables, std::string_view id);
Result<std::vector<Incident>> list_incidents(state::Tables& tables, const IncidentFilter& filter,
                                             const std::optional<After>& after, std::size_t limit);
// The highest of its alerts; nothing when it has none.
Result<std::optional<Severity>> severity_of(state::Tables& tables, std::string_view incident);
// The newest that is open and has an alert about `key` whose last signal came at `since` or later.
Result<std::optional<Incident>> open_incident_of(state::Tables& tables, std::string_view key, UnixMillis since);
// The newest first, those of facts before `before`.
inline constexpr std::uint64_t kNewest = std::numeric_limits<std::int64_t>::max();
Result<std::vector<Note>> list_notes(state::Tables& tables, std::string_view incident, std::uint64_t before,
                                     std::size_t limit);

Result<std::optional<Response>> find_response(state::Tables& tables, std::string_view id);
Result<std::vector<Response>> list_responses(state::Tables& tables, const ResponseFilter& filter,
                                             const std::optional<After>& after, std::size_t limit);
// Active ones whose end has come, at most `limit`.
Result<std::vector<Response>> expired_responses(state::Tables& tables, UnixMillis now, std::size_t limit);
// Whether this playbook has answered this alert, in whatever way.
bool has_answered(state::Tables& tables, std::string_view playbook, std::string_view alert);
// Responses of playbooks in this incident.
std::uint64_t responses_of(state::Tables& tables, std::string_view incident);
// What active responses of playbooks stop in a tenant, each once.
Result<std::vector<Target>> stopped_in(state::Tables& tables, std::string_view tenant, UnixMillis now);
// Networks that this rule has alerts about, raised at `since` or later; counts to `most`.
std::size_t networks_alerted(state::Tables& tables, std::string_view rule, UnixMillis since, std::size_t most);
// Responses of playbooks that stop their target (stops()), enforced, and decided at `since` or later.
std::uint64_t stops_since(state::Tables& tables, UnixMillis since);

}  // namespace redoubt::incident
