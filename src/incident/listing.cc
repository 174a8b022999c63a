#include "incident/listing.h"

#include <limits>

#include "incident/internal/rows.h"

namespace redoubt::incident {
namespace {

using state::Sql;
using state::Tables;

// The rows of a statement as values.
template <class T, class Of>
Result<std::vector<T>> all(Tables& tables, Sql sql, std::initializer_list<state::Column> values, Of&& of) {
  std::vector<T> out;
  Result<> read;
  auto rows = tables.each(sql, values, [&](const state::Row& row) {
    Result<T> value = of(row);
    if (!value) {
      read = value.error();
      return false;
    }
    out.push_back(*std::move(value));
    return true;
  });
  if (!rows) return rows.error();
  if (!read) return read.error();
  return out;
}

template <class T, class Of>
Result<std::optional<T>> one(Tables& tables, Sql sql, std::initializer_list<state::Column> values, Of&& of) {
  auto found = all<T>(tables, sql, values, std::forward<Of>(of));
  if (!found) return found.error();
  if (found->empty()) return std::optional<T>();
  return std::optional<T>(std::move(found->front()));
}

// Lists begin with the newest: without a place, behind everything.
After place(const std::optional<After>& after) {
  return after.value_or(After{.time = {std::numeric_limits<std::int64_t>::max()}, .id = {}});
}

template <class T>
std::optional<int> number(const std::optional<T>& name) {
  return name ? std::optional(static_cast<int>(*name)) : std::nullopt;
}

}  // namespace

Result<std::optional<Alert>> find_alert(Tables& tables, std::string_view id) {
  return one<Alert>(tables, "SELECT * FROM incident_alerts WHERE id = ?1", {id}, alert_of);
}

Result<std::optional<Alert>> last_alert(Tables& tables, std::string_view rule, std::string_view key) {
  return one<Alert>(tables,
                    "SELECT * FROM incident_alerts WHERE about = ?2 AND rule = ?1 ORDER BY first_index DESC LIMIT 1",
                    {rule, key}, alert_of);
}

Result<std::vector<Alert>> list_alerts(Tables& tables, const AlertFilter& filter, const std::optional<After>& after,
                                       std::size_t limit) {
  const After from = place(after);
  // By the index of incidents: few of very many.
  if (filter.incident) {
    return all<Alert>(tables,
                      "SELECT * FROM incident_alerts WHERE incident = ?6 AND (raised, id) < (?1, ?2) AND "
                      "(?3 IS NULL OR rule = ?3) AND (?4 IS NULL OR about = ?4) AND (?5 IS NULL OR tenant = ?5) AND "
                      "severity >= ?7 ORDER BY raised DESC, id DESC LIMIT ?8",
                      {from.time.value, from.id, filter.rule, filter.key, filter.tenant, filter.incident,
                       static_cast<int>(filter.least), limit},
                      alert_of);
  }
  return all<Alert>(
      tables,
      "SELECT * FROM incident_alerts WHERE (raised, id) < (?1, ?2) AND (?3 IS NULL OR rule = ?3) AND "
      "(?4 IS NULL OR about = ?4) AND (?5 IS NULL OR tenant = ?5) AND severity >= ?6 "
      "ORDER BY raised DESC, id DESC LIMIT ?7",
      {from.time.value, from.id, filter.rule, filter.key, filter.tenant, static_cast<int>(filter.least), limit},
      alert_of);
}

Result<std::optional<Incident>> find_incident(Tables& tables, std::string_view id) {
  return one<Incident>(tables, "SELECT * FROM incident_incidents WHERE id = ?1", {id}, incident_of);
}

Result<std::vector<Incident>> list_incidents(Tables& tables, const IncidentFilter& filter,
                                             const std::optional<After>& after, std::size_t limit) {
  const After from = place(after);
  return all<Incident>(tables,
                       "SELECT * FROM incident_incidents WHERE (opened, id) < (?1, ?2) AND (?3 IS NULL OR status = ?3) "
                       "AND (?4 IS NULL OR owner = ?4) AND (?5 IS NULL OR tenant = ?5) "
                       "ORDER BY opened DESC, id DESC LIMIT ?6",
                       {from.time.value, from.id, number(filter.status), filter.owner, filter.tenant, limit},
                       incident_of);
}

Result<std::optional<Severity>> severity_of(Tables& tables, std::string_view incident) {
  std::optional<Severity> out;
  auto rows = tables.each("SELECT severity FROM incident_alerts WHERE incident = ?1 ORDER BY severity DESC LIMIT 1",
                          {incident}, [&](const state::Row& row) {
                            out = static_cast<Severity>(row.integer(0));
                            return false;
                          });
  if (!rows) return rows.error();
  return out;
}

Result<std::optional<Incident>> open_incident_of(Tables& tables, std::string_view key, UnixMillis since) {
  return one<Incident>(
      tables,
      "SELECT i.* FROM incident_alerts a JOIN incident_incidents i ON i.id = a.incident "
      "WHERE a.about = ?1 AND a.last >= ?2 AND i.status < ?3 ORDER BY i.opened DESC, i.id DESC LIMIT 1",
      {key, since.value, static_cast<int>(IncidentStatus::kClosed)}, incident_of);
}

Result<std::vector<Note>> list_notes(Tables& tables, std::string_view incident, std::uint64_t before,
                                     std::size_t limit) {
  const auto note_of = [](const state::Row& row) -> Result<Note> {
    return Note{.index = static_cast<std::uint64_t>(row.integer(0)),
                .incident = std::string(row.text(1)),
                .author = std::string(row.text(2)),
                .time = {row.integer(3)},
                .text = std::string(row.text(4))};
  };
  return all<Note>(tables,
                   "SELECT * FROM incident_notes WHERE incident = ?1 AND fact_index < ?2 ORDER BY fact_index DESC "
                   "LIMIT ?3",
                   {incident, before, limit}, note_of);
}

Result<std::optional<Response>> find_response(Tables& tables, std::string_view id) {
  return one<Response>(tables, "SELECT * FROM incident_responses WHERE id = ?1", {id}, response_of);
}

Result<std::vector<Response>> list_responses(Tables& tables, const ResponseFilter& filter,
                                             const std::optional<After>& after, std::size_t limit) {
  const After from = place(after);
  if (filter.incident) {
    return all<Response>(tables,
                         "SELECT * FROM incident_responses WHERE incident = ?4 AND (started, id) < (?1, ?2) AND "
                         "(?3 IS NULL OR status = ?3) AND (?5 IS NULL OR target = ?5) "
                         "ORDER BY started DESC, id DESC LIMIT ?6",
                         {from.time.value, from.id, number(filter.status), filter.incident, filter.target, limit},
                         response_of);
  }
  return all<Response>(
      tables,
      "SELECT * FROM incident_responses WHERE (started, id) < (?1, ?2) AND "
      "(?3 IS NULL OR status = ?3) AND (?4 IS NULL OR target = ?4) ORDER BY started DESC, id DESC LIMIT ?5",
      {from.time.value, from.id, number(filter.status), filter.target, limit}, response_of);
}

Result<std::vector<Response>> expired_responses(Tables& tables, UnixMillis now, std::size_t limit) {
  return all<Response>(tables,
                       "SELECT * FROM incident_responses WHERE status = ?1 AND until <= ?2 ORDER BY until, id LIMIT ?3",
                       {static_cast<int>(ResponseStatus::kActive), now.value, limit}, response_of);
}

bool has_answered(Tables& tables, std::string_view playbook, std::string_view alert) {
  return tables
      .integer("SELECT 1 FROM incident_responses WHERE alert = ?1 AND playbook = ?2 LIMIT 1", {alert, playbook})
      .has_value();
}

std::uint64_t responses_of(Tables& tables, std::string_view incident) {
  const auto found =
      tables.integer("SELECT count(*) FROM incident_responses WHERE incident = ?1 AND playbook <> ''", {incident});
  return found ? static_cast<std::uint64_t>(*found) : 0;
}

Result<std::vector<Target>> stopped_in(Tables& tables, std::string_view tenant, UnixMillis now) {
  return all<Target>(
      tables,
      "SELECT DISTINCT target FROM incident_responses WHERE status = ?1 AND until > ?2 AND tenant = ?3 "
      "AND playbook <> '' AND effect >= ?4 ORDER BY target",
      {static_cast<int>(ResponseStatus::kActive), now.value, tenant, static_cast<int>(Effect::kQuarantine)},
      [](const state::Row& row) { return parse_target(row.text(0)); });
}

std::size_t networks_alerted(Tables& tables, std::string_view rule, UnixMillis since, std::size_t most) {
  const auto found = tables.integer(
      "SELECT count(*) FROM (SELECT 1 FROM incident_alerts WHERE rule = ?1 AND raised >= ?2 AND about >= 'network/' "
      "AND "
      "about < 'network0' LIMIT ?3)",
      {rule, since.value, most});
  return found ? static_cast<std::size_t>(*found) : 0;
}

std::uint64_t stops_since(Tables& tables, UnixMillis since) {
  const auto found = tables.integer(
      "SELECT count(*) FROM incident_responses WHERE started >= ?1 AND playbook <> '' AND status IN (1, 3) AND "
      "effect >= ?2",
      {since.value, static_cast<int>(Effect::kQuarantine)});
  return found ? static_cast<std::uint64_t>(*found) : 0;
}

}  // namespace redoubt::incident
