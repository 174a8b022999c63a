#include "admin/incident_shapes.h"

#include <charconv>

#include "base/timestamp.h"
#include "incident/facts.h"

namespace redoubt::admin {
namespace {

constexpr std::string_view kEffects[] = {"throttle", "step_up", "inspect",        "quarantine",
                                         "suspend",  "block",   "revoke_sessions"};
constexpr std::string_view kFamilies[] = {"personal", "secret", "attack", "user"};
constexpr Shape kFamily = one_of(kFamilies);
constexpr std::string_view kStatuses[] = {"proposed", "active", "rehearsed", "ended"};
constexpr Shape kStatus = one_of(kStatuses);
constexpr std::string_view kEnds[] = {"undone", "expired", "refused"};
constexpr Shape kEnd = one_of(kEnds);
constexpr Shape kEntries = list_of(kIndexShape, incident::kAlertEntriesMax);
constexpr Shape kTags = list_of(kTextShape, behaviour::kSignalTagsMax);
constexpr Shape kWithheld = list_of(kTextShape, incident::kWithheldMax);

constexpr Field kAlertFields[] = {
    {"id", &kIncidentIdShape, "", kRequired},
    {"rule", &kRuleShape, "Of its signals.", kRequired},
    {"key", &kAboutShape, "Whom it is about: `principal/NAME`, `model/NAME`, …", kRequired},
    {"severity", &kSeverityShape, "The highest so far.", kRequired},
    {"attribution", &kAttributionShape, "Of the first signal.", kRequired},
    {"tenant", &kTextShape, ""},
    {"message", &kTextShape, "Of the first signal, for people.", kRequired},
    {"tags", &kTags, "MITRE ATLAS, OWASP.", kRequired},
    {"entries", &kEntries, "The first of those that it rests on, ascending.", kRequired},
    {"withheld", &kWithheld, "What playbooks would have done and did not, and why.", kRequired},
    {"first_index", &kIndexShape, "Of the entry that raised the first signal.", kRequired},
    {"first", &kTimeShape, "Of that entry.", kRequired},
    {"last_index", &kIndexShape, "Of the entry that raised the last signal that is counted.", kRequired},
    {"last", &kTimeShape, "Of that entry.", kRequired},
    {"signals", &kIndexShape, "How many there were.", kRequired},
    {"raised", &kTimeShape, "When it became known.", kRequired},
    {"incident", &kIncidentIdShape, "That it belongs to; absent: not serious enough for one."},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};

constexpr Field kResponseFields[] = {
    {"id", &kIncidentIdShape, "", kRequired},
    {"effect", &kEffectShape, "", kRequired},
    {"target", &kTargetShape, "Whom or what it is done to: `principal/NAME`, `key/ID`, `model/NAME`, …", kRequired},
    {"for_s", &kIndexShape, "How long, from when it becomes active.", kRequired},
    {"per_minute", &kPerMinuteShape, "Of a throttle: requests that pass."},
    {"families", &kFamiliesShape, "Of an inspection: what it stops."},
    {"status", &kStatus, "", kRequired},
    {"incident", &kIncidentIdShape, ""},
    {"alert", &kIncidentIdShape, "That it answers; absent: a person's."},
    {"playbook", &kTextShape, "Absent: a person's."},
    {"reason", &kTextShape, "Why it waits, or what the person said."},
    {"tenant", &kTextShape, ""},
    {"started", &kTimeShape, "When it was decided.", kRequired},
    {"until", &kTimeShape, "It ends by itself then, also before that is on record. Absent: it was not active yet."},
    {"end", &kEnd, "How it ended."},
    {"ended", &kTimeShape, ""},
    {"ended_by", &kTextShape, "Principal."},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};

constexpr std::string_view kIncidentStatuses[] = {"open", "acknowledged", "contained", "closed", "merged"};
constexpr std::string_view kCauses[] = {"true_positive", "false_positive", "benign", "exercise", "duplicate"};

constexpr Field kIncidentFields[] = {
    {"id", &kIncidentIdShape, "That of the alert that opened it.", kRequired},
    {"title", &kTextShape, "", kRequired},
    {"tenant", &kTextShape, ""},
    {"status", &kIncidentStatusShape, "", kRequired},
    {"owner", &kTextShape, "Principal who has taken it."},
    {"cause", &kCauseShape, "What it was, once it is over."},
    {"merged_into", &kIncidentIdShape, "Where its alerts, responses and notes are now."},
    {"opened", &kTimeShape, "", kRequired},
    {"acknowledged", &kTimeShape, "When somebody first took it, or said how it stands."},
    {"closed", &kTimeShape, ""},
    {"version", &kVersionShape, "Of the object, as in ETag: what people changed. Alerts join it without a new one.",
     kRequired},
};

template <class List>
void write_list(encoding::JsonWriter& json, std::string_view name, const List& list) {
  json.key(name);
  json.begin_array();
  for (const auto& each : list) json.value(each);
  json.end_array();
}

void write_families(encoding::JsonWriter& json, std::string_view families) {
  json.key("families");
  json.begin_array();
  while (!families.empty()) {
    const std::size_t end = std::min(families.find(','), families.size());
    json.value(families.substr(0, end));
    families.remove_prefix(std::min(end + 1, families.size()));
  }
  json.end_array();
}

void write_some(encoding::JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.member(name, text);
}

}  // namespace

constexpr Shape kEffectShape = one_of(kEffects);
constexpr Shape kFamiliesShape = list_of(kFamily, std::size(kFamilies), true);
constexpr Shape kSpanShape = integer_of(incident::kResponseMsMin / 1000, incident::kResponseMsMax / 1000);
constexpr Shape kPerMinuteShape = integer_of(1, incident::kThrottleMax);
constexpr Shape kAlertShape = object_of("Alert", kAlertFields);
constexpr Shape kResponseShape = object_of("Response", kResponseFields);
constexpr Shape kIncidentStatusShape = one_of(kIncidentStatuses);
constexpr Shape kCauseShape = one_of(kCauses);
constexpr Shape kIncidentShape = object_of("Incident", kIncidentFields);

void write_incident(encoding::JsonWriter& json, const incident::Incident& one) {
  json.begin_object();
  json.member("id", one.id);
  json.member("title", one.title);
  if (!one.tenant.empty()) json.member("tenant", one.tenant);
  json.member("status", to_string(one.status));
  if (!one.owner.empty()) json.member("owner", one.owner);
  if (one.cause != incident::Cause::kNone) json.member("cause", to_string(one.cause));
  if (!one.merged_into.empty()) json.member("merged_into", one.merged_into);
  json.member("opened", format_timestamp(one.opened));
  if (one.acknowledged.value > 0) json.member("acknowledged", format_timestamp(one.acknowledged));
  if (one.closed.value > 0) json.member("closed", format_timestamp(one.closed));
  json.member("version", one.version);
  json.end_object();
}

void write_alert(encoding::JsonWriter& json, const incident::Alert& alert) {
  json.begin_object();
  json.member("id", alert.id);
  json.member("rule", alert.rule);
  json.member("key", alert.key);
  json.member("severity", behaviour::to_string(alert.severity));
  json.member("attribution", behaviour::to_string(alert.attribution));
  write_some(json, "tenant", alert.tenant);
  json.member("message", alert.message);
  write_list(json, "tags", alert.tags);
  write_list(json, "entries", alert.entries);
  write_list(json, "withheld", alert.withheld);
  json.member("first_index", alert.first_index);
  json.member("first", format_timestamp(alert.first));
  json.member("last_index", alert.last_index);
  json.member("last", format_timestamp(alert.last));
  json.member("signals", alert.count);
  json.member("raised", format_timestamp(alert.raised));
  write_some(json, "incident", alert.incident);
  json.member("version", alert.version);
  json.end_object();
}

void write_response(encoding::JsonWriter& json, const incident::Response& response) {
  const incident::Action& action = response.action;
  json.begin_object();
  json.member("id", response.id);
  json.member("effect", to_string(action.effect));
  json.member("target", action.target.text());
  json.member("for_s", action.for_ms / 1000);
  if (action.per_minute > 0) json.member("per_minute", std::uint64_t{action.per_minute});
  if (!action.families.empty()) write_families(json, action.families);
  json.member("status", to_string(response.status));
  write_some(json, "incident", response.incident);
  write_some(json, "alert", response.alert);
  write_some(json, "playbook", response.playbook);
  write_some(json, "reason", response.why);
  write_some(json, "tenant", response.tenant);
  json.member("started", format_timestamp(response.started));
  if (response.until.value > 0) json.member("until", format_timestamp(response.until));
  if (response.status == incident::ResponseStatus::kEnded) {
    json.member("end", to_string(response.end_why));
    json.member("ended", format_timestamp(response.ended));
    write_some(json, "ended_by", response.ended_by);
  }
  json.member("version", response.version);
  json.end_object();
}

std::string place_key(UnixMillis time, std::string_view id) {
  return std::to_string(time.value).append(":").append(id);
}

std::optional<incident::After> parse_place(std::string_view key) {
  incident::After after;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), after.time.value);
  const std::string_view rest = key.substr(static_cast<std::size_t>(end - key.data()));
  if (error != std::errc() || !rest.starts_with(':') || !incident::is_id(rest.substr(1))) return std::nullopt;
  after.id = rest.substr(1);
  return after;
}

Result<std::optional<incident::After>> place_of(const Call& call) {
  const std::string& key = call.arguments.page.after;
  auto after = parse_place(key);
  if (!after && !key.empty()) return Error(Errc::kMalformed, "`cursor` is not one of this list");
  return after;
}

}  // namespace redoubt::admin
