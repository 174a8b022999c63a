// Responses: begun, accepted, ended.
#include <algorithm>
#include <map>
#include <set>

#include "incident/incident_projection.h"
#include "incident/internal/begin_response.h"
#include "incident/internal/fold.h"
#include "incident/listing.h"

namespace redoubt::incident {
namespace {

std::string_view id_in(std::string_view object) {
  const std::size_t slash = object.find('/');
  return slash == std::string_view::npos ? std::string_view() : object.substr(slash + 1);
}

Result<> room_for(const std::string& target, std::int64_t more, state::Tables& tables) {
  const auto held = tables.integer("SELECT count(*) FROM incident_responses WHERE target = ?1 AND status = ?2",
                                   {target, static_cast<int>(ResponseStatus::kActive)});
  if (held.value_or(0) + more <= kHeldMax) return {};
  return Error(Errc::kResourceExhausted, "as many responses hold `" + target + "` as may");
}

Result<> room_for_any(std::int64_t more, state::Tables& tables) {
  const auto held = tables.integer("SELECT count(*) FROM incident_responses WHERE status = ?1",
                                   {static_cast<int>(ResponseStatus::kActive)});
  if (held.value_or(0) + more <= kActiveMax) return {};
  return Error(Errc::kResourceExhausted, "as many responses are active as may be");
}

// `throttle principal/app for 3600 s`.
std::string text_of(const Action& action) {
  return std::string(to_string(action.effect)).append(" ").append(action.target.text()) + " for " +
         std::to_string(action.for_ms / 1000) + " s";
}

Happening happening_of(ResponseStatus status) {
  switch (status) {
    case ResponseStatus::kProposed:
      return Happening::kResponseProposed;
    case ResponseStatus::kRehearsed:
      return Happening::kResponseRehearsed;
    case ResponseStatus::kActive:
    case ResponseStatus::kEnded:  // none begins so
      return Happening::kResponseStarted;
  }
  return Happening::kResponseStarted;
}

Happening happening_of(EndWhy why) {
  if (why == EndWhy::kUndone) return Happening::kResponseUndone;
  return why == EndWhy::kRefused ? Happening::kResponseRefused : Happening::kResponseExpired;
}

// The response of the object.
Result<Response> found(const state::FoldedFact& fact, state::Tables& tables) {
  auto response = find_response(tables, id_in(fact.fact.object));
  if (!response) return response.error();
  if (!*response) return Error(Errc::kNotFound, "there is no `" + fact.fact.object + "`");
  return **std::move(response);
}

}  // namespace

Result<> may_begin(const std::vector<PlannedResponse>& responses, state::Tables& tables) {
  std::set<std::string_view> ids;
  std::map<std::string, std::int64_t> active;
  std::int64_t all = 0;
  for (const PlannedResponse& each : responses) {
    const bool there = tables.integer("SELECT version FROM incident_responses WHERE id = ?1", {each.id}).has_value();
    if (there || !ids.insert(each.id).second) {
      return Error(Errc::kAlreadyExists, "there is a response `" + each.id + "`");
    }
    if (each.status != ResponseStatus::kActive) continue;
    ++active[each.action.target.text()];
    ++all;
  }
  for (const auto& [target, more] : active) {
    if (auto room = room_for(target, more, tables); !room) return room;
  }
  return all > 0 ? room_for_any(all, tables) : Result<>{};
}

void begin(const PlannedResponse& response, const Begins& of, const state::FoldedFact& fact, std::uint64_t version,
           state::Tables& tables, Teller& teller) {
  const Action& action = response.action;
  const std::int64_t now = fact.fact.time.value;
  const std::int64_t until = response.status == ResponseStatus::kProposed ? 0 : now + action.for_ms;
  static_cast<void>(
      tables.run("INSERT INTO incident_responses VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                 "0, 0, '', ?15)",
                 {response.id, static_cast<int>(action.effect), action.target.text(), action.for_ms, action.per_minute,
                  action.families, static_cast<int>(response.status), of.incident, of.alert, response.playbook,
                  response.why, of.tenant, now, until, version}));
  std::string text = text_of(action);
  if (!response.why.empty()) text.append(": ").append(response.why);
  teller.tell(happening_of(response.status), response_object(response.id), of.incident, text);
}

Result<> fold_start(const state::FoldedFact& fact, state::Tables& tables) {
  auto wanted = read_response(fact.fact.object, fact.body);
  if (!wanted) return wanted.error();
  if (!wanted->incident.empty() &&
      !tables.integer("SELECT version FROM incident_incidents WHERE id = ?1", {wanted->incident})) {
    return Error(Errc::kNotFound, "there is no incident `" + wanted->incident + "`");
  }
  const PlannedResponse planned{.id = wanted->id, .action = wanted->action, .why = wanted->why};
  if (auto may = may_begin({planned}, tables); !may) return may;
  Teller teller(fact, tables);
  begin(planned, {.incident = wanted->incident, .tenant = wanted->tenant}, fact, fact.fact.expects + 1, tables, teller);
  return {};
}

Result<> fold_accept(const state::FoldedFact& fact, state::Tables& tables) {
  if (fact.body.size() != 0) return Error(Errc::kInvalidArgument, "the body has other members than it must have");
  const auto response = found(fact, tables);
  if (!response) return response.error();
  if (response->status != ResponseStatus::kProposed) {
    return Error(Errc::kConflict,
                 "the response waits for nobody: it is `" + std::string(to_string(response->status)) + "`");
  }
  if (auto room = room_for(response->action.target.text(), 1, tables); !room) return room;
  if (auto room = room_for_any(1, tables); !room) return room;
  Teller(fact, tables)
      .tell(Happening::kResponseAccepted, fact.fact.object, response->incident, text_of(response->action));
  return tables.run("UPDATE incident_responses SET status = ?2, until = ?3, version = ?4 WHERE id = ?1",
                    {response->id, static_cast<int>(ResponseStatus::kActive),
                     fact.fact.time.value + response->action.for_ms, fact.fact.expects + 1});
}

Result<> fold_end(const state::FoldedFact& fact, state::Tables& tables) {
  const auto why = parse_end_why(encoding::string_member(fact.body, "why"));
  if (!why || *why == EndWhy::kNone || fact.body.size() != 1) {
    return Error(Errc::kInvalidArgument, "the body says `why`: `undone`, `refused` or `expired`");
  }
  const auto response = found(fact, tables);
  if (!response) return response.error();
  const bool active = response->status == ResponseStatus::kActive;
  const bool waits = response->status == ResponseStatus::kProposed;
  if ((*why == EndWhy::kRefused) != waits || (!active && !waits)) {
    return Error(Errc::kConflict, "one that is `" + std::string(to_string(response->status)) + "` cannot be `" +
                                      std::string(to_string(*why)) + "`");
  }
  if (*why == EndWhy::kExpired && fact.fact.time < response->until) {
    return Error(Errc::kInvalidArgument, "the end of the response has not come");
  }
  Teller(fact, tables).tell(happening_of(*why), fact.fact.object, response->incident, text_of(response->action));
  return tables.run(
      "UPDATE incident_responses SET status = ?2, end_why = ?3, ended = ?4, ended_by = ?5, version = ?6 WHERE id = ?1",
      {response->id, static_cast<int>(ResponseStatus::kEnded), static_cast<int>(*why), fact.fact.time.value,
       fact.fact.actor.principal, fact.fact.expects + 1});
}

}  // namespace redoubt::incident
