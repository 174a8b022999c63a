#include "incident/history.h"

#include <cstdint>

#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/listing.h"

namespace redoubt::incident {
namespace {

constexpr std::string_view kNoticePrefix = "notice/";

std::string_view id_of(std::string_view object) {
  const std::size_t slash = object.find('/');
  return slash == std::string_view::npos ? std::string_view() : object.substr(slash + 1);
}

// The incident that the object belongs to now; empty: none.
std::string incident_of_object(std::string_view object, state::Tables& tables) {
  const std::string_view id = id_of(object);
  if (object.starts_with(alert_object(""))) {
    return tables.text("SELECT incident FROM incident_alerts WHERE id = ?1", {id}).value_or("");
  }
  if (object.starts_with(response_object(""))) {
    return tables.text("SELECT incident FROM incident_responses WHERE id = ?1", {id}).value_or("");
  }
  if (object.starts_with(kNoticePrefix)) {
    const std::size_t slash = id.find('/');
    if (slash == std::string_view::npos) return {};
    return tables
        .text("SELECT incident FROM incident_notices WHERE notice = ?1 AND endpoint = ?2",
              {id.substr(0, slash), id.substr(slash + 1)})
        .value_or("");
  }
  const auto into = tables.text("SELECT merged_into FROM incident_incidents WHERE id = ?1", {id});
  return into && !into->empty() ? *into : std::string(id);
}

UnixMillis happened(const state::FoldedFact& fact) {
  const std::string_view kind = fact.fact.kind;
  std::int64_t time = 0;
  const bool says = kind == kAlertRaise || kind == kAlertGrow || kind == kClockAware || kind == kClockTell;
  if (says && fact.body["time"].get(time) == simdjson::SUCCESS) return {time};
  return fact.fact.time;
}

Result<std::vector<HistoryEvent>> page(state::Tables& tables, state::Sql sql, std::string_view incident,
                                       const std::optional<HistoryPlace>& after, std::size_t limit) {
  std::vector<HistoryEvent> out;
  const bool any = after.has_value();
  auto rows = tables.each(sql,
                          {incident, any ? after->time.value : INT64_MIN, any ? after->index : std::uint64_t{0}, limit,
                           static_cast<int>(any)},
                          [&](const state::Row& row) {
                            out.push_back({.index = static_cast<std::uint64_t>(row.integer(0)),
                                           .object = std::string(row.text(2)),
                                           .kind = std::string(row.text(3)),
                                           .actor = std::string(row.text(4)),
                                           .happened = {row.integer(5)},
                                           .known = {row.integer(6)}});
                            return true;
                          });
  if (!rows) return rows.error();
  return out;
}

}  // namespace

Result<std::vector<HistoryEvent>> list_history(state::Tables& tables, std::string_view incident, HistoryOrder order,
                                               const std::optional<HistoryPlace>& after, std::size_t limit) {
  if (order == HistoryOrder::kKnown) {
    return page(tables,
                "SELECT * FROM incident_history WHERE incident = ?1 AND (?5 = 0 OR (known, fact_index) > (?2, ?3)) "
                "ORDER BY known, fact_index LIMIT ?4",
                incident, after, limit);
  }
  return page(tables,
              "SELECT * FROM incident_history WHERE incident = ?1 AND (?5 = 0 OR (happened, fact_index) > (?2, ?3)) "
              "ORDER BY happened, fact_index LIMIT ?4",
              incident, after, limit);
}

void note_event(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string& object = fact.fact.object;
  const std::string incident = incident_of_object(object, tables);
  static_cast<void>(tables.run("INSERT INTO incident_history VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                               {fact.index, incident, object, fact.fact.kind, fact.fact.actor.principal,
                                happened(fact).value, fact.fact.time.value}));
  // What had none so far, and what moved with it.
  if (fact.fact.kind == kAlertGrow && !incident.empty()) {
    static_cast<void>(tables.run("UPDATE incident_history SET incident = ?2 WHERE object = ?1 AND incident = ''",
                                 {object, incident}));
  }
  if (fact.fact.kind == kIncidentMerge) {
    static_cast<void>(
        tables.run("UPDATE incident_history SET incident = ?2 WHERE incident = ?1", {id_of(object), incident}));
  }
}

}  // namespace redoubt::incident
