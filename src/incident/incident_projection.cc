#include "incident/incident_projection.h"

#include <array>

#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/internal/fold.h"
#include "incident/internal/fold_clocks.h"
#include "incident/internal/rows.h"
#include "incident/listing.h"
#include "incident/notices.h"

namespace redoubt::incident {
namespace {

constexpr std::array<std::string_view, 7> kSchema = {R"(
CREATE TABLE incident_alerts(
  id TEXT NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  about TEXT NOT NULL,
  tenant TEXT NOT NULL,
  severity INTEGER NOT NULL,
  attribution INTEGER NOT NULL,
  message TEXT NOT NULL,
  tags TEXT NOT NULL,
  entries TEXT NOT NULL,
  withheld TEXT NOT NULL,
  first_index INTEGER NOT NULL,
  last_index INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  signals INTEGER NOT NULL,
  raised INTEGER NOT NULL,
  incident TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_alerts_by_cause ON incident_alerts(about, rule, first_index);
CREATE INDEX incident_alerts_by_incident ON incident_alerts(incident, raised, id);
CREATE INDEX incident_alerts_by_time ON incident_alerts(raised, id);
CREATE TABLE incident_incidents(
  id TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  tenant TEXT NOT NULL,
  status INTEGER NOT NULL,
  owner TEXT NOT NULL,
  cause INTEGER NOT NULL,
  merged_into TEXT NOT NULL,
  opened INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_incidents_by_time ON incident_incidents(opened, id);
CREATE TABLE incident_notes(
  fact_index INTEGER NOT NULL PRIMARY KEY,
  incident TEXT NOT NULL,
  author TEXT NOT NULL,
  time INTEGER NOT NULL,
  text TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_notes_by_incident ON incident_notes(incident, fact_index);
CREATE TABLE incident_responses(
  id TEXT NOT NULL PRIMARY KEY,
  effect INTEGER NOT NULL,
  target TEXT NOT NULL,
  for_ms INTEGER NOT NULL,
  per_minute INTEGER NOT NULL,
  families TEXT NOT NULL,
  status INTEGER NOT NULL,
  incident TEXT NOT NULL,
  alert TEXT NOT NULL,
  playbook TEXT NOT NULL,
  why TEXT NOT NULL,
  tenant TEXT NOT NULL,
  started INTEGER NOT NULL,
  until INTEGER NOT NULL,
  end_why INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  ended_by TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_responses_by_status ON incident_responses(status, until);
CREATE INDEX incident_responses_by_target ON incident_responses(target, status);
CREATE INDEX incident_responses_by_alert ON incident_responses(alert, playbook);
CREATE INDEX incident_responses_by_incident ON incident_responses(incident, started);
CREATE INDEX incident_responses_by_time ON incident_responses(started, id);
)",
                                                     R"(
CREATE TABLE incident_timeline(
  fact_index INTEGER NOT NULL,
  part INTEGER NOT NULL,
  what INTEGER NOT NULL,
  object TEXT NOT NULL,
  incident TEXT NOT NULL,
  actor TEXT NOT NULL,
  event INTEGER NOT NULL,
  discovered INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(fact_index, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_timeline_by_incident ON incident_timeline(incident, fact_index, part);
CREATE INDEX incident_timeline_by_event ON incident_timeline(incident, event, fact_index, part);
CREATE INDEX incident_timeline_by_object ON incident_timeline(object);
)",
                                                     // The timeline, of facts that were folded without it.
                                                     "",
                                                     R"(
CREATE TABLE incident_awareness(
  incident TEXT NOT NULL PRIMARY KEY,
  time INTEGER NOT NULL,
  why TEXT NOT NULL,
  said_by TEXT NOT NULL,
  recorded INTEGER NOT NULL,
  fact_index INTEGER NOT NULL,
  first INTEGER NOT NULL,
  corrections INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_decisions(
  incident TEXT NOT NULL,
  regime TEXT NOT NULL,
  notifiable INTEGER NOT NULL,
  why TEXT NOT NULL,
  said_by TEXT NOT NULL,
  since INTEGER NOT NULL,
  decided INTEGER NOT NULL,
  fact_index INTEGER NOT NULL,
  laws TEXT NOT NULL,
  PRIMARY KEY(incident, regime)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_told(
  incident TEXT NOT NULL,
  regime TEXT NOT NULL,
  step TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reference TEXT NOT NULL,
  said_by TEXT NOT NULL,
  fact_index INTEGER NOT NULL,
  PRIMARY KEY(incident, regime, step)
) STRICT, WITHOUT ROWID;
)",
                                                     R"(
CREATE TABLE incident_notices(
  notice TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  incident TEXT NOT NULL,
  kind TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  why TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  fact_index INTEGER NOT NULL,
  PRIMARY KEY(notice, endpoint)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_notices_by_incident ON incident_notices(incident, first);
)",
                                                     // As they are told: none was on record before.
                                                     R"(
DROP TABLE incident_notices;
CREATE TABLE incident_notices(
  notice TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  incident TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  why TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  fact_index INTEGER NOT NULL,
  PRIMARY KEY(notice, endpoint)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_notices_by_incident ON incident_notices(incident, first);
CREATE INDEX incident_notices_by_severity ON incident_notices(incident, severity);
CREATE INDEX incident_alerts_by_severity ON incident_alerts(incident, severity);
)",
                                                     R"(
CREATE INDEX incident_alerts_by_rule ON incident_alerts(rule, raised, about);
)"};

}  // namespace

std::span<const std::string_view> IncidentProjection::schema_steps() const {
  return kSchema;
}

Result<> IncidentProjection::apply(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string_view kind = fact.fact.kind;
  if (kind == kAlertRaise) return fold_raise(fact, tables);
  if (kind == kAlertGrow) return fold_grow(fact, tables);
  if (kind == kIncidentChange) return fold_change(fact, tables);
  if (kind == kIncidentNote) return fold_note(fact, tables);
  if (kind == kIncidentMerge) return fold_merge(fact, tables);
  if (kind == kIncidentClose) return fold_close(fact, tables);
  if (kind == kResponseStart) return fold_start(fact, tables);
  if (kind == kResponseAccept) return fold_accept(fact, tables);
  if (kind == kResponseEnd) return fold_end(fact, tables);
  if (kind == kClockBecomeAware) return fold_aware(fact, tables);
  if (kind == kClockDecide) return fold_decide(fact, tables);
  if (kind == kClockTell) return fold_tell(fact, tables);
  if (kind == kNoticeAttempt) return fold_notice(fact, tables);
  return Error(Errc::kInvalidArgument, "there is no kind of fact `" + fact.fact.kind + "`");
}

void IncidentProjection::erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) {
  for (const std::string_view field : fields) {
    if (field != kNoteText) continue;
    static_cast<void>(tables.run("UPDATE incident_notes SET text = NULL WHERE fact_index = ?1", {index}));
  }
}

Result<> IncidentProjection::load(state::Tables& tables) {
  Restrictions all;
  Result<> read;
  auto rows = tables.each("SELECT * FROM incident_responses WHERE status = ?1",
                          {static_cast<int>(ResponseStatus::kActive)}, [&](const state::Row& row) {
                            auto response = response_of(row);
                            if (!response) {
                              read = response.error();
                              return false;
                            }
                            all.add(*response);
                            return true;
                          });
  if (!rows) return rows;
  if (!read) return read;
  restrictions_ = std::move(all);
  return {};
}

void IncidentProjection::follow(const state::FoldedFact& fact, state::Tables& tables) {
  const auto take = [&](std::string_view id) {
    const auto response = find_response(tables, id);
    if (!response || !*response) return;
    if ((*response)->status == ResponseStatus::kActive) {
      restrictions_.add(**response);
    } else {
      restrictions_.remove(**response);
    }
  };
  const std::string_view kind = fact.fact.kind;
  if (kind == kAlertRaise) {
    if (const auto raise = read_raise(fact.fact.object, fact.body)) {
      for (const PlannedResponse& each : raise->responses) take(each.id);
    }
  } else if (kind == kAlertGrow) {
    if (const auto grow = read_grow(fact.body)) {
      for (const PlannedResponse& each : grow->responses) take(each.id);
    }
  } else if (kind == kResponseStart || kind == kResponseAccept || kind == kResponseEnd) {
    take(std::string_view(fact.fact.object).substr(response_object("").size()));
  }
}

}  // namespace redoubt::incident
