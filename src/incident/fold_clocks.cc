// Regulatory clocks in the tables: folded and read.
#include <algorithm>

#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/internal/fold_clocks.h"
#include "incident/internal/teller.h"
#include "incident/listing.h"

namespace redoubt::incident {
namespace {

constexpr std::int64_t kDecisionsMax = 256;  // of one incident: more than a table has regimes
constexpr std::int64_t kToldMax = 1024;      // likewise, of steps

// The incident whose clock the object is, of any status but merged. What is said is said by a person.
Result<std::string> clock_of(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string& actor = fact.fact.actor.principal;
  if (actor == "redoubt" || actor == "init") {
    return Error(Errc::kPermissionDenied, "what the law wants is for a person to say");
  }
  const std::string_view object = fact.fact.object;
  if (!object.starts_with(clock_object(""))) return Error(Errc::kInvalidArgument, "the object is `clock/INCIDENT`");
  const std::string_view id = object.substr(clock_object("").size());
  const auto incident = find_incident(tables, id);
  if (!incident) return incident.error();
  if (!*incident) return Error(Errc::kNotFound, "there is no incident `" + std::string(id) + "`");
  if ((*incident)->status == IncidentStatus::kMerged) {
    return Error(Errc::kConflict, "the incident is merged into `" + (*incident)->merged_into + "`");
  }
  return std::string(id);
}

Result<> not_ahead(UnixMillis said, const state::FoldedFact& fact) {
  if (said <= fact.fact.time) return {};
  return Error(Errc::kInvalidArgument, "the time has not come yet");
}

std::uint64_t unsigned_of(const state::Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

Result<> fold_aware(const state::FoldedFact& fact, state::Tables& tables) {
  const auto said = read_aware(fact.body);
  if (!said) return said.error();
  const auto incident = clock_of(fact, tables);
  if (!incident) return incident.error();
  if (auto come = not_ahead(said->time, fact); !come) return come;
  Teller(fact, tables).tell(Happening::kClockAware, fact.fact.object, *incident, said->why, said->time);
  return tables.run(
      "INSERT INTO incident_awareness VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?2, 0) ON CONFLICT(incident) DO UPDATE SET "
      "time = ?2, why = ?3, said_by = ?4, recorded = ?5, fact_index = ?6, corrections = corrections + 1",
      {*incident, said->time.value, said->why, fact.fact.actor.principal, fact.fact.time.value, fact.index});
}

Result<> fold_decide(const state::FoldedFact& fact, state::Tables& tables) {
  const auto said = read_decide(fact.body);
  if (!said) return said.error();
  const auto incident = clock_of(fact, tables);
  if (!incident) return incident.error();
  const auto there = tables.integer("SELECT count(*) FROM incident_decisions WHERE incident = ?1 AND regime <> ?2",
                                    {*incident, said->regime});
  if (there.value_or(0) >= kDecisionsMax) {
    return Error(Errc::kResourceExhausted, "the incident has all the decisions it may");
  }
  Teller(fact, tables)
      .tell(Happening::kClockDecided, fact.fact.object, *incident,
            said->regime + (said->notifiable ? ": notifiable, " : ": not notifiable, ") + said->why);
  return tables.run(
      "INSERT INTO incident_decisions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8) ON CONFLICT(incident, regime) DO "
      "UPDATE SET since = CASE WHEN notifiable = ?3 THEN since ELSE ?6 END, notifiable = ?3, why = ?4, said_by = ?5, "
      "decided = ?6, fact_index = ?7, laws = ?8",
      {*incident, said->regime, static_cast<int>(said->notifiable), said->why, fact.fact.actor.principal,
       fact.fact.time.value, fact.index, said->table});
}

Result<> fold_tell(const state::FoldedFact& fact, state::Tables& tables) {
  const auto said = read_tell(fact.body);
  if (!said) return said.error();
  const auto incident = clock_of(fact, tables);
  if (!incident) return incident.error();
  if (auto come = not_ahead(said->time, fact); !come) return come;
  const auto notifiable = tables.integer(
      "SELECT notifiable FROM incident_decisions WHERE incident = ?1 AND regime = ?2", {*incident, said->regime});
  if (notifiable.value_or(0) == 0) {
    return Error(Errc::kConflict, "nobody has decided that it is notifiable under `" + said->regime + "`");
  }
  const auto last = tables.integer("SELECT last FROM incident_told WHERE incident = ?1 AND regime = ?2 AND step = ?3",
                                   {*incident, said->regime, said->step});
  if (last && said->time.value < *last) {
    return Error(Errc::kInvalidArgument, "it was told later than that already");
  }
  const auto there = tables.integer("SELECT count(*) FROM incident_told WHERE incident = ?1", {*incident});
  if (!last && there.value_or(0) >= kToldMax) {
    return Error(Errc::kResourceExhausted, "as much is told of the incident as may be");
  }
  Teller(fact, tables)
      .tell(Happening::kClockTold, fact.fact.object, *incident, said->regime + " " + said->step + " " + said->reference,
            said->time);
  return tables.run(
      "INSERT INTO incident_told VALUES(?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7) ON CONFLICT(incident, regime, step) DO UPDATE "
      "SET last = ?4, reference = ?5, said_by = ?6, fact_index = ?7",
      {*incident, said->regime, said->step, said->time.value, said->reference, fact.fact.actor.principal, fact.index});
}

void merge_clocks(std::string_view from, std::string_view into, state::Tables& tables) {
  // Of two awareness times the earlier one: whoever knew of either knew. Of two decisions the one that tells.
  for (const state::Sql& move :
       {state::Sql("DELETE FROM incident_awareness WHERE incident = ?2 AND time > (SELECT time FROM incident_awareness "
                   "WHERE incident = ?1)"),
        state::Sql("UPDATE OR IGNORE incident_awareness SET incident = ?2 WHERE incident = ?1"),
        state::Sql("DELETE FROM incident_decisions WHERE incident = ?2 AND notifiable = 0 AND regime IN (SELECT regime "
                   "FROM incident_decisions WHERE incident = ?1 AND notifiable = 1)"),
        state::Sql("UPDATE OR IGNORE incident_decisions SET incident = ?2 WHERE incident = ?1"),
        state::Sql("UPDATE OR IGNORE incident_told SET incident = ?2 WHERE incident = ?1")}) {
    static_cast<void>(tables.run(move, {from, into}));
  }
  for (const state::Sql& left : {state::Sql("DELETE FROM incident_awareness WHERE incident = ?1"),
                                 state::Sql("DELETE FROM incident_decisions WHERE incident = ?1"),
                                 state::Sql("DELETE FROM incident_told WHERE incident = ?1")}) {
    static_cast<void>(tables.run(left, {from}));
  }
}

Result<Clocks> find_clocks(state::Tables& tables, std::string_view incident) {
  Clocks out;
  auto aware =
      tables.each("SELECT * FROM incident_awareness WHERE incident = ?1", {incident}, [&](const state::Row& row) {
        out.awareness = {.time = {row.integer(1)},
                         .why = std::string(row.text(2)),
                         .by = std::string(row.text(3)),
                         .recorded = {row.integer(4)},
                         .index = unsigned_of(row, 5),
                         .first = {row.integer(6)},
                         .corrections = static_cast<std::uint32_t>(row.integer(7))};
        return true;
      });
  if (!aware) return aware.error();
  auto decisions = tables.each("SELECT * FROM incident_decisions WHERE incident = ?1 ORDER BY regime", {incident},
                               [&](const state::Row& row) {
                                 out.decisions.push_back({.regime = std::string(row.text(1)),
                                                          .notifiable = row.integer(2) != 0,
                                                          .why = std::string(row.text(3)),
                                                          .by = std::string(row.text(4)),
                                                          .since = {row.integer(5)},
                                                          .decided = {row.integer(6)},
                                                          .index = unsigned_of(row, 7),
                                                          .table = std::string(row.text(8))});
                                 return true;
                               });
  if (!decisions) return decisions.error();
  auto told = tables.each("SELECT * FROM incident_told WHERE incident = ?1 ORDER BY regime, step", {incident},
                          [&](const state::Row& row) {
                            out.told.push_back({.regime = std::string(row.text(1)),
                                                .step = std::string(row.text(2)),
                                                .first = {row.integer(3)},
                                                .last = {row.integer(4)},
                                                .reference = std::string(row.text(5)),
                                                .by = std::string(row.text(6)),
                                                .index = unsigned_of(row, 7)});
                            return true;
                          });
  if (!told) return told.error();
  return out;
}

Result<std::vector<std::string>> incidents_with_clocks(state::Tables& tables, std::size_t limit) {
  std::vector<std::string> out;
  auto rows = tables.each("SELECT incident FROM incident_awareness ORDER BY recorded DESC, incident LIMIT ?1", {limit},
                          [&](const state::Row& row) {
                            out.emplace_back(row.text(0));
                            return true;
                          });
  if (!rows) return rows.error();
  return out;
}

}  // namespace redoubt::incident
