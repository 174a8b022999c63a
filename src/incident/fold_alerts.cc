// Alerts: raised and grown, with what is done about them.
#include <algorithm>

#include "incident/exercise.h"
#include "incident/internal/begin_response.h"
#include "incident/internal/fold.h"
#include "incident/internal/rows.h"
#include "incident/internal/teller.h"
#include "incident/listing.h"

namespace redoubt::incident {
namespace {

// Whether the incident that an alert names is one that it may belong to.
Result<> check_incident(const std::string& id, const std::string& title, state::Tables& tables) {
  if (id.empty()) return {};
  const auto incident = find_incident(tables, id);
  if (!incident) return incident.error();
  if (!title.empty()) {
    if (!*incident) return {};
    return Error(Errc::kAlreadyExists, "there is an incident `" + id + "`");
  }
  if (!*incident) return Error(Errc::kNotFound, "there is no incident `" + id + "`");
  if ((*incident)->status < IncidentStatus::kClosed) return {};
  return Error(Errc::kConflict, "the incident `" + id + "` is over");
}

// An exercise is about nobody, enforces nothing, and never is one incident with what is real.
Result<> keep_exercise_apart(const Alert& alert, const std::string& incident, bool opens,
                             const std::vector<PlannedResponse>& responses, state::Tables& tables) {
  const bool exercise = is_exercise(alert.tags);
  if (exercise && !is_exercise_key(alert.key)) {
    return Error(Errc::kInvalidArgument, "an exercise is about `TYPE/exercise:NAME`");
  }
  const bool enforces = std::any_of(responses.begin(), responses.end(), [](const PlannedResponse& each) {
    return each.status != ResponseStatus::kRehearsed;
  });
  if (exercise && enforces) return Error(Errc::kInvalidArgument, "an exercise enforces nothing");
  if (incident.empty() || opens || is_exercise(incident, tables) == exercise) return {};
  return Error(Errc::kConflict, "an exercise and what is real are two incidents");
}

void open_incident(const std::string& id, const std::string& title, std::string_view tenant, UnixMillis now,
                   state::Tables& tables, Teller& teller) {
  if (title.empty()) return;
  teller.tell(Happening::kIncidentOpened, incident_object(id), id, title);
  static_cast<void>(tables.run("INSERT INTO incident_incidents VALUES(?1, ?2, ?3, ?4, '', 0, '', ?5, 0, 0, 0)",
                               {id, title, tenant, static_cast<int>(IncidentStatus::kOpen), now.value}));
}

}  // namespace

Result<> fold_raise(const state::FoldedFact& fact, state::Tables& tables) {
  const auto raise = read_raise(fact.fact.object, fact.body);
  if (!raise) return raise.error();
  const Alert& alert = raise->alert;
  if (tables.integer("SELECT version FROM incident_alerts WHERE id = ?1", {alert.id})) {
    return Error(Errc::kAlreadyExists, "there is an alert `" + alert.id + "`");
  }
  if (auto incident = check_incident(alert.incident, raise->title, tables); !incident) return incident;
  if (auto apart = keep_exercise_apart(alert, alert.incident, !raise->title.empty(), raise->responses, tables);
      !apart) {
    return apart;
  }
  if (auto may = may_begin(raise->responses, tables); !may) return may;

  const std::int64_t now = fact.fact.time.value;
  static_cast<void>(tables.run(
      "INSERT INTO incident_alerts VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?12, 1, ?13, ?14, "
      "?15)",
      {alert.id, alert.rule, alert.key, alert.tenant, static_cast<int>(alert.severity),
       static_cast<int>(alert.attribution), alert.message, pack(alert.tags), pack(alert.entries), pack(alert.withheld),
       alert.first_index, alert.first.value, now, alert.incident, fact.fact.expects + 1}));
  Teller teller(fact, tables);
  const std::string text = std::string(behaviour::to_string(alert.severity))
                               .append(", ")
                               .append(alert.rule)
                               .append(" about ")
                               .append(alert.key)
                               .append(": ")
                               .append(alert.message);
  teller.tell(Happening::kAlertRaised, fact.fact.object, alert.incident, text, alert.first);
  open_incident(alert.incident, raise->title, alert.tenant, fact.fact.time, tables, teller);
  for (const PlannedResponse& each : raise->responses) {
    begin(each, {.incident = alert.incident, .alert = alert.id, .tenant = alert.tenant}, fact, 0, tables, teller);
  }
  return {};
}

Result<> fold_grow(const state::FoldedFact& fact, state::Tables& tables) {
  const auto grow = read_grow(fact.body);
  if (!grow) return grow.error();
  const std::string_view object = fact.fact.object;
  auto alert = find_alert(tables, object.substr(std::min(object.find('/') + 1, object.size())));
  if (!alert) return alert.error();
  if (!*alert) return Error(Errc::kNotFound, "there is no `" + fact.fact.object + "`");
  const Alert& now = **alert;
  if (grow->index <= now.last_index || grow->count <= now.count || grow->severity < now.severity) {
    return Error(Errc::kInvalidArgument, "an alert only grows");
  }
  if (!grow->incident.empty() && !now.incident.empty()) {
    return Error(Errc::kConflict, "the alert belongs to an incident already");
  }
  if (auto incident = check_incident(grow->incident, grow->title, tables); !incident) return incident;
  if (auto apart = keep_exercise_apart(now, grow->incident, !grow->title.empty(), grow->responses, tables); !apart) {
    return apart;
  }
  if (auto may = may_begin(grow->responses, tables); !may) return may;
  const std::string& incident = grow->incident.empty() ? now.incident : grow->incident;
  std::vector<std::string> withheld = now.withheld;
  for (const std::string& each : grow->withheld) {
    if (withheld.size() < kWithheldMax) withheld.push_back(each);
  }
  static_cast<void>(
      tables.run("UPDATE incident_alerts SET last_index = ?2, last = ?3, signals = ?4, severity = ?5, withheld = ?6, "
                 "incident = ?7, version = ?8 WHERE id = ?1",
                 {now.id, grow->index, grow->time.value, grow->count, static_cast<int>(grow->severity), pack(withheld),
                  incident, fact.fact.expects + 1}));
  // What was told of it before it belonged to one belongs there, too.
  if (!grow->incident.empty()) {
    static_cast<void>(tables.run("UPDATE incident_timeline SET incident = ?2 WHERE object = ?1", {object, incident}));
  }
  Teller teller(fact, tables);
  const std::string text =
      std::string(behaviour::to_string(grow->severity)).append(", ") + std::to_string(grow->count) + " signals";
  teller.tell(Happening::kAlertGrew, object, incident, text, grow->time);
  open_incident(grow->incident, grow->title, now.tenant, fact.fact.time, tables, teller);
  for (const PlannedResponse& each : grow->responses) {
    begin(each, {.incident = incident, .alert = now.id, .tenant = now.tenant}, fact, 0, tables, teller);
  }
  return {};
}

}  // namespace redoubt::incident
