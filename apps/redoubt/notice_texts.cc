#include "redoubt/notice_texts.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "incident/clocks.h"
#include "incident/exercise.h"
#include "incident/facts.h"
#include "incident/listing.h"

namespace redoubt::app {
namespace {

using notify::Notice;
using notify::NoticeKind;

constexpr std::size_t kResponsesNamed = 8;

std::string action_text(const incident::Response& response) {
  return std::string(to_string(response.action.effect)).append(" ").append(response.action.target.text());
}

}  // namespace

std::string notice_id(NoticeKind kind, std::string_view object, std::string_view which) {
  std::string of = "notice:";
  of.append(to_string(kind)).append(":").append(object).append(":").append(which);
  return encoding::hex(ByteView(crypto::sha256(as_bytes(of))).first(8));
}

notify::Severity severity_of(incident::Severity severity) {
  return static_cast<notify::Severity>(severity);
}

incident::Severity severity_of(notify::Severity severity) {
  return static_cast<incident::Severity>(severity);
}

static_assert(static_cast<int>(notify::Severity::kCritical) == static_cast<int>(incident::Severity::kCritical));

Notice notice_about(const incident::Incident& incident, NoticeKind kind, incident::Severity severity,
                    state::Tables& tables) {
  const std::string object = incident::incident_object(incident.id);
  const bool worse = kind == NoticeKind::kIncidentWorse;
  const bool over = kind == NoticeKind::kIncidentClosed;
  Notice out{.id = notice_id(kind, object, worse ? to_string(severity_of(severity)) : std::string_view()),
             .incident = incident.id,
             .kind = kind,
             .severity = severity_of(severity),
             .tenant = incident.tenant,
             .title = incident.title,
             .exercise = incident::is_exercise(incident.id, tables),
             .time = over ? incident.closed : incident.opened};
  if (over) {
    out.text = "It was: " + std::string(to_string(incident.cause));
    return out;
  }
  // An incident has the id of the alert that opened it.
  if (const auto alert = incident::find_alert(tables, incident.id); alert && *alert) {
    out.text = (*alert)->message;
    out.details = {{"rule", (*alert)->rule}, {"about", (*alert)->key}, {"signals", std::to_string((*alert)->count)}};
  }
  if (const auto responses = incident::list_responses(tables, {.incident = incident.id}, {}, kResponsesNamed)) {
    for (const incident::Response& each : *responses) {
      out.details.emplace_back("response", action_text(each) + ", " + std::string(to_string(each.status)));
    }
  }
  return out;
}

Notice notice_of_waiting(const incident::Response& response, state::Tables& tables) {
  Notice out{.id = notice_id(NoticeKind::kResponseWaits, incident::response_object(response.id)),
             .incident = response.incident,
             .kind = NoticeKind::kResponseWaits,
             .severity = notify::Severity::kMedium,
             .tenant = response.tenant,
             .title = action_text(response) + " waits for somebody",
             .text = response.why,
             .time = response.started};
  if (const auto alert = incident::find_alert(tables, response.alert); alert && *alert) {
    out.severity = severity_of((*alert)->severity);
    out.details = {{"rule", (*alert)->rule}, {"about", (*alert)->key}};
  }
  out.details.emplace_back("response", response.id);
  out.details.emplace_back("playbook", response.playbook);
  return out;
}

Notice notice_of_playbook(std::span<const incident::Response> responses, state::Tables& tables) {
  const incident::Response& first = responses.front();
  const std::string object =
      first.incident.empty() ? incident::alert_object(first.alert) : incident::incident_object(first.incident);
  Notice out{.id = notice_id(NoticeKind::kPlaybookActed, object, first.playbook),
             .incident = first.incident,
             .kind = NoticeKind::kPlaybookActed,
             .severity = notify::Severity::kMedium,
             .tenant = first.tenant,
             .title = "playbook " + first.playbook + ": " + action_text(first),
             .time = first.started};
  if (const auto alert = incident::find_alert(tables, first.alert); alert && *alert) {
    out.severity = severity_of((*alert)->severity);
    out.text = (*alert)->message;
    out.details = {{"rule", (*alert)->rule}, {"about", (*alert)->key}};
  }
  for (const incident::Response& each : responses.first(std::min(responses.size(), kResponsesNamed))) {
    out.details.emplace_back("response", action_text(each) + ", " + std::string(to_string(each.status)));
  }
  return out;
}

Notice notice_of_deadline(const incident::Incident& incident, NoticeKind kind, const incident::Deadline& deadline,
                          UnixMillis now) {
  const bool over = kind == NoticeKind::kDeadlineOver;
  const std::string what = deadline.regime + " " + deadline.step;
  Notice out{.id = notice_id(kind, incident::clock_object(incident.id), what + std::to_string(deadline.due->value)),
             .incident = incident.id,
             .kind = kind,
             .severity = over ? notify::Severity::kCritical : notify::Severity::kHigh,
             .tenant = incident.tenant,
             .title = what + (over ? " is overdue" : " is due soon"),
             .text = deadline.law + ", " + deadline.article + ": tell " + deadline.to,
             .time = now};
  const std::int64_t minutes = (deadline.due->value - now.value) / 60'000;
  out.details = {{"incident_title", incident.title},
                 {over ? "minutes_over" : "minutes_left", std::to_string(over ? -minutes : minutes)}};
  return out;
}

}  // namespace redoubt::app
