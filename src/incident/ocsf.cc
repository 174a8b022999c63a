#include "incident/ocsf.h"

#include <algorithm>
#include <string_view>

#include "encoding/json_writer.h"

namespace redoubt::incident {
namespace {

using encoding::JsonWriter;

// A number of an enumeration, and what the schema calls it.
struct Named {
  int id = 0;
  std::string_view caption;
};

struct Class {
  int category;
  std::string_view category_name;
  int uid;
  std::string_view name;
};
constexpr Class kDetection{2, "Findings", 2004, "Detection Finding"};
constexpr Class kIncident{2, "Findings", 2005, "Incident Finding"};
constexpr Class kRemediation{7, "Remediation", 7001, "Remediation Activity"};

constexpr Named kActivityCreate{1, "Create"};
constexpr Named kActivityUpdate{2, "Update"};
constexpr Named kActivityClose{3, "Close"};

void write_named(JsonWriter& json, std::string_view id, std::string_view caption, const Named& what) {
  json.member(id, what.id);
  json.member(caption, what.caption);
}

void write_some(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.member(name, text);
}

template <class List>
void write_list(JsonWriter& json, std::string_view name, const List& list) {
  json.key(name);
  json.begin_array();
  for (const auto& each : list) json.value(each);
  json.end_array();
}

// What every event begins with. Opens the object.
void write_class(JsonWriter& json, const Class& of, const Named& activity) {
  json.begin_object();
  json.member("category_uid", of.category);
  json.member("category_name", of.category_name);
  json.member("class_uid", of.uid);
  json.member("class_name", of.name);
  write_named(json, "activity_id", "activity_name", activity);
  json.member("type_uid", of.uid * 100 + activity.id);
  json.member("type_name", std::string(of.name).append(": ").append(activity.caption));
}

// `uid`: of the event.
void write_metadata(JsonWriter& json, std::string_view code, const std::string& uid, std::string_view correlation,
                    std::string_view tenant, const OcsfSource& source) {
  json.key("metadata");
  json.begin_object();
  json.member("version", "1.8.0");
  json.key("product");
  json.begin_object();
  json.member("name", "Redoubt");
  json.member("vendor_name", "Redoubt");
  write_some(json, "version", source.product_version);
  json.end_object();
  json.member("event_code", code);
  json.member("uid", uid);
  write_some(json, "correlation_uid", correlation);
  write_some(json, "log_name", source.log_origin);
  write_some(json, "tenant_uid", tenant);
  json.end_object();
}

Named severity_of(Severity severity) {
  switch (severity) {
    case Severity::kLow:
      return {2, "Low"};
    case Severity::kMedium:
      return {3, "Medium"};
    case Severity::kHigh:
      return {4, "High"};
    case Severity::kCritical:
      return {5, "Critical"};
  }
  return {0, "Unknown"};
}

constexpr std::string_view kAtlas = "atlas:";

void write_uid(JsonWriter& json, std::string_view name, std::string_view uid) {
  json.key(name);
  json.begin_object();
  json.member("uid", uid);
  json.end_object();
}

// Techniques of MITRE ATLAS (`atlas:AML.T0024.002`) have a place of their own; other tags are names and values.
void write_tags(JsonWriter& json, const std::vector<std::string>& tags) {
  const auto is_atlas = [](const std::string& tag) { return tag.starts_with(kAtlas); };
  if (std::any_of(tags.begin(), tags.end(), is_atlas)) {
    json.key("attacks");
    json.begin_array();
    for (const std::string& tag : tags) {
      if (!is_atlas(tag)) continue;
      const std::string_view uid = std::string_view(tag).substr(kAtlas.size());
      const std::size_t part = uid.find('.', uid.find('.') + 1);
      json.begin_object();
      write_uid(json, "technique", uid.substr(0, part));
      if (part != std::string_view::npos) write_uid(json, "sub_technique", uid);
      json.end_object();
    }
    json.end_array();
  }
  if (std::all_of(tags.begin(), tags.end(), is_atlas)) return;
  json.key("tags");
  json.begin_array();
  for (const std::string& tag : tags) {
    if (is_atlas(tag)) continue;
    const std::size_t colon = std::min(tag.find(':'), tag.size());
    json.begin_object();
    json.member("name", tag.substr(0, colon));
    json.member("value", colon + 1 < tag.size() ? tag.substr(colon + 1) : tag);
    json.end_object();
  }
  json.end_array();
}

void write_finding(JsonWriter& json, const Alert& alert) {
  json.begin_object();
  json.member("uid", alert.id);
  json.member("title", alert.rule + ": " + alert.key);
  json.member("desc", alert.message);
  json.key("analytic");
  json.begin_object();
  json.member("uid", alert.rule);
  const bool behavioural = alert.rule.starts_with("behaviour.");
  write_named(json, "type_id", "type", behavioural ? Named{2, "Behavioral"} : Named{1, "Rule"});
  json.end_object();
  json.member("created_time", alert.raised.value);
  json.member("first_seen_time", alert.first.value);
  json.member("last_seen_time", alert.last.value);
  json.member("related_events_count", alert.count);
  write_tags(json, alert.tags);
  json.end_object();
}

// Whom or what it is about, `principal/app`, in whatever role.
void write_resource(JsonWriter& json, std::string_view about, const Named& role) {
  const std::size_t slash = std::min(about.find('/'), about.size());
  json.begin_object();
  json.member("uid", about);
  json.member("type", about.substr(0, slash));
  if (slash + 1 < about.size()) json.member("name", about.substr(slash + 1));
  write_named(json, "role_id", "role", role);
  json.end_object();
}

// ---- incidents

Named status_of(IncidentStatus status) {
  switch (status) {
    case IncidentStatus::kOpen:
      return {1, "New"};
    case IncidentStatus::kAcknowledged:
    case IncidentStatus::kContained:
      return {2, "In Progress"};
    case IncidentStatus::kClosed:
    case IncidentStatus::kMerged:
      return {5, "Closed"};
  }
  return {0, "Unknown"};
}

Named verdict_of(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      break;
    case Cause::kTruePositive:
      return {2, "True Positive"};
    case Cause::kFalsePositive:
      return {1, "False Positive"};
    case Cause::kBenign:
      return {5, "Benign"};
    case Cause::kExercise:
      return {6, "Test"};
    case Cause::kDuplicate:
      return {10, "Duplicate"};
  }
  return {0, "Unknown"};
}

// The class wants at least one finding: what was merged has none left, and is its own.
void write_findings(JsonWriter& json, const Incident& incident, std::span<const Alert> alerts) {
  json.key("finding_info_list");
  json.begin_array();
  for (const Alert& alert : alerts.first(std::min(alerts.size(), kOcsfFindingsMax))) write_finding(json, alert);
  if (alerts.empty()) {
    json.begin_object();
    json.member("uid", incident.id);
    json.member("title", incident.title);
    json.end_object();
  }
  json.end_array();
}

// ---- responses

// Tactics of MITRE D3FEND. To lock an account is to evict (D3-AL); what lets less pass isolates.
Named activity_of(const Response& response) {
  if (response.status == ResponseStatus::kEnded && response.end_why != EndWhy::kRefused) return {3, "Restore"};
  switch (response.action.effect) {
    case Effect::kThrottle:
    case Effect::kQuarantine:
    case Effect::kBlock:
      return {1, "Isolate"};
    case Effect::kSuspend:
    case Effect::kRevokeSessions:
      return {2, "Evict"};
    case Effect::kStepUp:
      return {4, "Harden"};
    case Effect::kInspect:
      return {5, "Detect"};
  }
  return {0, "Unknown"};
}

Named status_of(const Response& response) {
  switch (response.status) {
    case ResponseStatus::kActive:
      return {1, "Success"};
    case ResponseStatus::kProposed:
      return {99, "Proposed"};
    case ResponseStatus::kRehearsed:
      return {99, "Rehearsed"};
    case ResponseStatus::kEnded:
      return response.end_why == EndWhy::kRefused ? Named{99, "Refused"} : Named{1, "Success"};
  }
  return {0, "Unknown"};
}

// OCSF has no class for what is told to people.
void write_notices(JsonWriter& json, std::span<const NoticeRow> notices) {
  json.key("notices");
  json.begin_array();
  for (const NoticeRow& each : notices.first(std::min(notices.size(), kOcsfFindingsMax))) {
    json.begin_object();
    json.member("uid", each.last.notice);
    json.member("kind", each.last.kind);
    json.member("endpoint", each.last.endpoint);
    json.member("severity", behaviour::to_string(each.last.severity));
    json.member("outcome", each.last.outcome);
    json.member("attempts", each.last.number);
    json.member("time", each.time.value);
    write_some(json, "why", each.last.why);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void append_detection_finding(std::string& out, const Alert& alert, const OcsfSource& source) {
  JsonWriter json(out);
  const bool grown = alert.count > 1;
  write_class(json, kDetection, grown ? kActivityUpdate : kActivityCreate);
  json.member("time", grown ? alert.last.value : alert.raised.value);
  json.member("start_time", alert.first.value);
  json.member("end_time", alert.last.value);
  write_named(json, "severity_id", "severity", severity_of(alert.severity));
  json.member("is_alert", true);
  json.member("count", alert.count);
  json.member("message", alert.message);
  write_metadata(json, "alert", "alert/" + alert.id + "." + std::to_string(alert.version), alert.incident, alert.tenant,
                 source);
  json.key("finding_info");
  write_finding(json, alert);
  json.key("resources");
  json.begin_array();
  write_resource(json, alert.key, {3, "Affected"});
  json.end_array();
  json.key("unmapped");
  json.begin_object();
  json.key("redoubt");
  json.begin_object();
  json.member("attribution", behaviour::to_string(alert.attribution));
  write_list(json, "entries", alert.entries);
  write_list(json, "withheld", alert.withheld);
  json.member("first_index", alert.first_index);
  json.member("last_index", alert.last_index);
  json.end_object();
  json.end_object();
  json.end_object();
}

void append_incident_finding(std::string& out, const Incident& incident, std::span<const Alert> alerts,
                             std::span<const NoticeRow> notices, const OcsfSource& source) {
  JsonWriter json(out);
  const bool over = incident.status >= IncidentStatus::kClosed;
  write_class(json, kIncident, over ? kActivityClose : incident.version > 0 ? kActivityUpdate : kActivityCreate);
  json.member("time", std::max({incident.opened.value, incident.acknowledged.value, incident.closed.value}));
  json.member("start_time", incident.opened.value);
  if (over) json.member("end_time", incident.closed.value);
  const auto worst = std::max_element(alerts.begin(), alerts.end(),
                                      [](const Alert& a, const Alert& b) { return a.severity < b.severity; });
  write_named(json, "severity_id", "severity",
              worst == alerts.end() ? Named{0, "Unknown"} : severity_of(worst->severity));
  write_named(json, "status_id", "status", status_of(incident.status));
  json.member("status_detail", to_string(incident.status));
  if (incident.cause != Cause::kNone) write_named(json, "verdict_id", "verdict", verdict_of(incident.cause));
  json.member("desc", incident.title);
  json.member("message", incident.title);
  // One of the two must be there.
  json.key(incident.owner.empty() ? "assignee_group" : "assignee");
  json.begin_object();
  if (incident.owner.empty()) {
    json.member("name", "nobody");
  } else {
    json.member("uid", incident.owner);
  }
  json.end_object();
  write_metadata(json, "incident", "incident/" + incident.id + "." + std::to_string(incident.version), incident.id,
                 incident.tenant, source);
  write_findings(json, incident, alerts);
  if (!incident.merged_into.empty() || !notices.empty()) {
    json.key("unmapped");
    json.begin_object();
    json.key("redoubt");
    json.begin_object();
    if (!incident.merged_into.empty()) json.member("merged_into", incident.merged_into);
    if (!notices.empty()) write_notices(json, notices);
    json.end_object();
    json.end_object();
  }
  json.end_object();
}

void append_remediation_activity(std::string& out, const Response& response, const OcsfSource& source) {
  JsonWriter json(out);
  const bool ended = response.status == ResponseStatus::kEnded;
  write_class(json, kRemediation, activity_of(response));
  json.member("time", ended ? response.ended.value : response.started.value);
  json.member("start_time", response.started.value);
  if (ended) json.member("end_time", response.ended.value);
  write_named(json, "severity_id", "severity", {1, "Informational"});
  const Named status = status_of(response);
  write_named(json, "status_id", "status", status);
  json.member("status_detail", ended ? to_string(response.end_why) : to_string(response.status));
  json.member("command_uid", response.id);
  const std::string what =
      std::string(to_string(response.action.effect)).append(" ").append(response.action.target.text());
  json.member("message", ended ? what + ": " + std::string(to_string(response.end_why)) : what);
  if (!response.why.empty()) {
    json.key("remediation");
    json.begin_object();
    json.member("desc", response.why);
    json.end_object();
  }
  write_metadata(json, "response", "response/" + response.id + "." + std::to_string(response.version),
                 response.incident, response.tenant, source);
  json.key("unmapped");
  json.begin_object();
  json.key("redoubt");
  json.begin_object();
  json.member("effect", to_string(response.action.effect));
  json.member("target", response.action.target.text());
  json.member("for_s", response.action.for_ms / 1000);
  if (response.action.per_minute > 0) json.member("per_minute", std::uint64_t{response.action.per_minute});
  write_some(json, "families", response.action.families);
  if (response.until.value > 0) json.member("until", response.until.value);
  write_some(json, "alert", response.alert);
  write_some(json, "playbook", response.playbook);
  write_some(json, "ended_by", response.ended_by);
  json.end_object();
  json.end_object();
  json.end_object();
}

}  // namespace redoubt::incident
