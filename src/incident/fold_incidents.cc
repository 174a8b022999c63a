// Incidents: what people do with them.
#include <algorithm>

#include "incident/exercise.h"
#include "incident/facts.h"
#include "incident/incident_projection.h"
#include "incident/internal/fold.h"
#include "incident/internal/fold_clocks.h"
#include "incident/internal/teller.h"
#include "incident/listing.h"

namespace redoubt::incident {
namespace {

// The incident of the object, which is not over.
Result<Incident> changing(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string_view object = fact.fact.object;
  auto incident = find_incident(tables, object.substr(std::min(object.find('/') + 1, object.size())));
  if (!incident) return incident.error();
  if (!*incident) return Error(Errc::kNotFound, "there is no `" + fact.fact.object + "`");
  if ((*incident)->status >= IncidentStatus::kClosed) {
    return Error(Errc::kConflict, "the incident is `" + std::string(to_string((*incident)->status)) + "`");
  }
  return **std::move(incident);
}

// `contained, taken by alice, named a key in a public place`.
std::string text_of(const IncidentChange& change) {
  std::string out;
  const auto add = [&](std::string_view what, std::string_view value) {
    if (!out.empty()) out += ", ";
    out.append(what).append(value);
  };
  if (change.status) add("", to_string(*change.status));
  if (change.owner) add(change.owner->empty() ? "taken by nobody" : "taken by ", *change.owner);
  if (change.title) add("named ", *change.title);
  return out;
}

}  // namespace

Result<> fold_change(const state::FoldedFact& fact, state::Tables& tables) {
  const auto change = read_change(fact.body);
  if (!change) return change.error();
  const auto now = changing(fact, tables);
  if (!now) return now.error();
  const IncidentStatus status = change->status.value_or(now->status);
  // Whoever takes it has seen it.
  const bool seen = status != IncidentStatus::kOpen || (change->owner && !change->owner->empty());
  const std::int64_t acknowledged =
      now->acknowledged.value != 0 ? now->acknowledged.value : (seen ? fact.fact.time.value : 0);
  Teller(fact, tables).tell(Happening::kIncidentChanged, fact.fact.object, now->id, text_of(*change));
  return tables.run(
      "UPDATE incident_incidents SET status = ?2, owner = ?3, title = ?4, acknowledged = ?5, version = ?6 WHERE id = "
      "?1",
      {now->id, static_cast<int>(status), change->owner.value_or(now->owner), change->title.value_or(now->title),
       acknowledged, fact.fact.expects + 1});
}

Result<> fold_note(const state::FoldedFact& fact, state::Tables& tables) {
  if (fact.body.size() != 0) return Error(Errc::kInvalidArgument, "the body has other members than it must have");
  const auto now = changing(fact, tables);
  if (!now) return now.error();
  const auto notes = tables.integer("SELECT count(*) FROM incident_notes WHERE incident = ?1", {now->id});
  if (notes.value_or(0) >= kNotesMax) return Error(Errc::kResourceExhausted, "the incident has all the notes it may");
  Teller(fact, tables).tell(Happening::kIncidentNoted, fact.fact.object, now->id, "");
  static_cast<void>(
      tables.run("INSERT INTO incident_notes VALUES(?1, ?2, ?3, ?4, ?5)",
                 {fact.index, now->id, fact.fact.actor.principal, fact.fact.time.value, fact.value(kNoteText)}));
  return tables.run("UPDATE incident_incidents SET version = ?2 WHERE id = ?1", {now->id, fact.fact.expects + 1});
}

Result<> fold_merge(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string_view into = encoding::string_member(fact.body, "into");
  if (fact.body.size() != 1 || !is_id(into)) {
    return Error(Errc::kInvalidArgument, "the body says `into` which incident");
  }
  const auto now = changing(fact, tables);
  if (!now) return now.error();
  const auto other = find_incident(tables, into);
  if (!other) return other.error();
  if (!*other || (*other)->status >= IncidentStatus::kClosed || (*other)->id == now->id) {
    return Error(Errc::kConflict, "`" + std::string(into) + "` is no other incident that is open");
  }
  if (is_exercise(now->id, tables) != is_exercise((*other)->id, tables)) {
    return Error(Errc::kConflict, "an exercise and what is real are two incidents");
  }
  if ((*other)->tenant != now->tenant) return Error(Errc::kConflict, "the incidents are of two tenants");
  for (const state::Sql& move : {state::Sql("UPDATE incident_alerts SET incident = ?2 WHERE incident = ?1"),
                                 state::Sql("UPDATE incident_responses SET incident = ?2 WHERE incident = ?1"),
                                 state::Sql("UPDATE incident_notices SET incident = ?2 WHERE incident = ?1"),
                                 state::Sql("UPDATE incident_notes SET incident = ?2 WHERE incident = ?1"),
                                 state::Sql("UPDATE incident_timeline SET incident = ?2 WHERE incident = ?1")}) {
    static_cast<void>(tables.run(move, {now->id, into}));
  }
  merge_clocks(now->id, into, tables);
  Teller(fact, tables).tell(Happening::kIncidentMerged, fact.fact.object, into, "into " + std::string(into));
  return tables.run(
      "UPDATE incident_incidents SET status = ?2, cause = ?3, merged_into = ?4, closed = ?5, version = ?6 WHERE id = "
      "?1",
      {now->id, static_cast<int>(IncidentStatus::kMerged), static_cast<int>(Cause::kDuplicate), into,
       fact.fact.time.value, fact.fact.expects + 1});
}

Result<> fold_close(const state::FoldedFact& fact, state::Tables& tables) {
  const auto cause = parse_cause(encoding::string_member(fact.body, "cause"));
  if (!cause || *cause == Cause::kNone || fact.body.size() != 1) {
    return Error(Errc::kInvalidArgument, "the body says the `cause`");
  }
  const auto now = changing(fact, tables);
  if (!now) return now.error();
  Teller(fact, tables).tell(Happening::kIncidentClosed, fact.fact.object, now->id, to_string(*cause));
  return tables.run("UPDATE incident_incidents SET status = ?2, cause = ?3, closed = ?4, version = ?5 WHERE id = ?1",
                    {now->id, static_cast<int>(IncidentStatus::kClosed), static_cast<int>(*cause), fact.fact.time.value,
                     fact.fact.expects + 1});
}

}  // namespace redoubt::incident
