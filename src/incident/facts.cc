#include "incident/facts.h"

#include <algorithm>

#include "encoding/json_writer.h"
#include "incident/internal/body_reader.h"
#include "incident/internal/lines.h"
#include "incident/internal/with_body.h"

namespace redoubt::incident {
namespace {

constexpr std::string_view kAlertObject = "alert/";
constexpr std::string_view kIncidentObject = "incident/";
constexpr std::string_view kResponseObject = "response/";
constexpr std::size_t kRuleMax = 128;
constexpr std::size_t kKeyMax = 300;

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

std::optional<Attribution> parse_attribution(std::string_view text) {
  for (const Attribution each : {Attribution::kProven, Attribution::kClaimed}) {
    if (behaviour::to_string(each) == text) return each;
  }
  return std::nullopt;
}

Result<> check_line(std::string_view what, std::string_view text, std::size_t max = kLineMax) {
  if (is_line(text, max)) return {};
  return wrong("the " + std::string(what) + " is one line of at most " + std::to_string(max) + " bytes");
}

Result<std::string> id_of(std::string_view object, std::string_view prefix) {
  if (object.starts_with(prefix) && is_id(object.substr(prefix.size()))) {
    return std::string(object.substr(prefix.size()));
  }
  return wrong("the object is `" + std::string(prefix) + "ID`");
}

// ------------------------------------------------------------------------------------------------------------ writing

void write_action(encoding::JsonWriter& json, const Action& action) {
  json.member("effect", to_string(action.effect));
  json.member("target", action.target.text());
  json.member("for_ms", action.for_ms);
  json.member("per_minute", action.per_minute);
  json.member("families", action.families);
}

void write_texts(encoding::JsonWriter& json, std::string_view name, const std::vector<std::string>& list) {
  json.key(name);
  json.begin_array();
  for (const std::string& each : list) json.value(each);
  json.end_array();
}

void write_responses(encoding::JsonWriter& json, const std::vector<PlannedResponse>& responses) {
  json.key("responses");
  json.begin_array();
  for (const PlannedResponse& each : responses) {
    json.begin_object();
    json.member("id", each.id);
    write_action(json, each.action);
    json.member("status", to_string(each.status));
    json.member("playbook", each.playbook);
    json.member("why", each.why);
    json.end_object();
  }
  json.end_array();
}

state::Proposal proposal(std::string_view kind, record::FactVerb verb, std::string object, std::uint64_t expects) {
  return {.kind = std::string(kind), .verb = verb, .object = std::move(object), .expects = expects};
}

// ------------------------------------------------------------------------------------------------------------ reading

Action read_action(BodyReader& body) {
  Action action;
  action.effect = body.named("effect", Effect::kThrottle, parse_effect);
  if (auto target = parse_target(body.text("target", kKeyMax))) {
    action.target = *std::move(target);
  } else {
    body.fail("target", target.error().message());
  }
  action.for_ms = body.integer("for_ms");
  const std::uint64_t per_minute = body.number("per_minute");
  action.per_minute = static_cast<std::uint32_t>(std::min<std::uint64_t>(per_minute, kThrottleMax + 1));
  action.families = body.text("families", 64);
  if (auto fits = check(action); !fits) body.fail("effect", fits.error().message());
  return action;
}

std::string read_line(BodyReader& body, std::string_view name, std::size_t max = kLineMax) {
  std::string text = body.text(name, max);
  if (auto line = check_line(name, text, max); !line) body.fail(name, "is one line");
  return text;
}

std::string read_id(BodyReader& body, std::string_view name, bool may_be_empty) {
  std::string id = body.text(name, 16);
  if (!is_id(id) && !(may_be_empty && id.empty())) body.fail(name, "is no id");
  return id;
}

void read_incident(BodyReader& body, std::string& incident, std::string& title) {
  incident = read_id(body, "incident", true);
  title = read_line(body, "title", kTitleMax);
  if (!title.empty() && incident.empty()) body.fail("title", "is that of an incident, and there is none");
}

Result<std::vector<PlannedResponse>> read_responses(BodyReader& body) {
  std::vector<PlannedResponse> out;
  for (const simdjson::dom::object& object : body.objects("responses", kResponsesOfFactMax)) {
    BodyReader each(object);
    PlannedResponse response;
    response.id = read_id(each, "id", false);
    response.action = read_action(each);
    response.status = each.named("status", ResponseStatus::kEnded, parse_response_status);
    if (response.status == ResponseStatus::kEnded) each.fail("status", "of a response that begins is not `ended`");
    response.playbook = read_line(each, "playbook");
    response.why = read_line(each, "why");
    if (auto done = each.done(); !done) return done.error();
    out.push_back(std::move(response));
  }
  return out;
}

std::vector<std::string> read_lines(BodyReader& body, std::string_view name, std::size_t most) {
  std::vector<std::string> out = body.texts(name, most, kLineMax);
  for (const std::string& each : out) {
    if (auto line = check_line(name, each); !line) body.fail(name, "is a list of lines");
  }
  return out;
}

}  // namespace

std::optional<Severity> parse_severity(std::string_view text) {
  for (const Severity each : {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    if (behaviour::to_string(each) == text) return each;
  }
  return std::nullopt;
}

std::string alert_object(std::string_view id) {
  return std::string(kAlertObject).append(id);
}

std::string incident_object(std::string_view id) {
  return std::string(kIncidentObject).append(id);
}

std::string response_object(std::string_view id) {
  return std::string(kResponseObject).append(id);
}

bool is_id(std::string_view text) {
  return text.size() == 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// ---------------------------------------------------------------------------------------------------------- proposals

Result<state::Proposal> propose_raise(const AlertRaise& raise) {
  const Alert& alert = raise.alert;
  state::Proposal out = proposal(kAlertRaise, record::FactVerb::kCreate, alert_object(alert.id), 0);
  if (alert.severity >= Severity::kHigh) out.severity = record::FactSeverity::kHigh;
  const auto write = [&](encoding::JsonWriter& json) {
    json.member("rule", alert.rule);
    json.member("key", alert.key);
    json.member("tenant", alert.tenant);
    json.member("severity", behaviour::to_string(alert.severity));
    json.member("attribution", behaviour::to_string(alert.attribution));
    json.member("message", alert.message);
    write_texts(json, "tags", alert.tags);
    json.key("entries");
    json.begin_array();
    for (const std::uint64_t entry : alert.entries) json.value(entry);
    json.end_array();
    write_texts(json, "withheld", alert.withheld);
    json.member("index", alert.first_index);
    json.member("time", alert.first.value);
    json.member("incident", alert.incident);
    json.member("title", raise.title);
    write_responses(json, raise.responses);
  };
  return with_body(std::move(out), write,
                   [&](const simdjson::dom::object& body) { return read_raise(alert_object(alert.id), body); });
}

Result<state::Proposal> propose_grow(const Alert& now, const AlertGrow& grow) {
  state::Proposal out = proposal(kAlertGrow, record::FactVerb::kUpdate, alert_object(now.id), now.version);
  const auto write = [&](encoding::JsonWriter& json) {
    json.member("index", grow.index);
    json.member("time", grow.time.value);
    json.member("count", grow.count);
    json.member("severity", behaviour::to_string(grow.severity));
    json.member("incident", grow.incident);
    json.member("title", grow.title);
    write_texts(json, "withheld", grow.withheld);
    write_responses(json, grow.responses);
  };
  return with_body(std::move(out), write, [](const simdjson::dom::object& body) { return read_grow(body); });
}

Result<state::Proposal> propose_change(const Incident& now, const IncidentChange& change) {
  state::Proposal out = proposal(kIncidentChange, record::FactVerb::kUpdate, incident_object(now.id), now.version);
  const auto write = [&](encoding::JsonWriter& json) {
    if (change.status) json.member("status", to_string(*change.status));
    if (change.owner) json.member("owner", *change.owner);
    if (change.title) json.member("title", *change.title);
  };
  return with_body(std::move(out), write, [](const simdjson::dom::object& body) { return read_change(body); });
}

Result<state::Proposal> propose_note(const Incident& now, std::string_view text) {
  if (text.empty() || text.size() > kNoteMax || !encoding::is_utf8(text)) {
    return wrong("a note has 1 to " + std::to_string(kNoteMax) + " bytes of UTF-8");
  }
  state::Proposal out = proposal(kIncidentNote, record::FactVerb::kUpdate, incident_object(now.id), now.version);
  out.values.push_back({.field = std::string(kNoteText), .text = std::string(text)});
  return out;
}

Result<state::Proposal> propose_merge(const Incident& now, const Incident& into) {
  if (now.id == into.id) return wrong("an incident is not merged into itself");
  state::Proposal out = proposal(kIncidentMerge, record::FactVerb::kUpdate, incident_object(now.id), now.version);
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("into", into.id);
  json.end_object();
  return out;
}

Result<state::Proposal> propose_close(const Incident& now, Cause cause) {
  if (cause == Cause::kNone) return wrong("an incident is closed with a cause");
  state::Proposal out = proposal(kIncidentClose, record::FactVerb::kUpdate, incident_object(now.id), now.version);
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("cause", to_string(cause));
  json.end_object();
  return out;
}

Result<state::Proposal> propose_response(std::string_view id, const Action& action, std::string_view incident,
                                         std::string_view tenant, std::string_view why) {
  state::Proposal out = proposal(kResponseStart, record::FactVerb::kCreate, response_object(id), 0);
  const auto write = [&](encoding::JsonWriter& json) {
    write_action(json, action);
    json.member("incident", incident);
    json.member("tenant", tenant);
    json.member("why", why);
  };
  return with_body(std::move(out), write,
                   [&](const simdjson::dom::object& body) { return read_response(response_object(id), body); });
}

Result<state::Proposal> propose_accept(const Response& now) {
  return proposal(kResponseAccept, record::FactVerb::kEnable, response_object(now.id), now.version);
}

Result<state::Proposal> propose_end(const Response& now, EndWhy why) {
  if (why == EndWhy::kNone) return wrong("a response ends for a reason");
  state::Proposal out = proposal(kResponseEnd, record::FactVerb::kDisable, response_object(now.id), now.version);
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("why", to_string(why));
  json.end_object();
  return out;
}

// ------------------------------------------------------------------------------------------------------------- bodies

Result<AlertRaise> read_raise(std::string_view object, const simdjson::dom::object& object_body) {
  const Result<std::string> id = id_of(object, kAlertObject);
  if (!id) return id.error();
  BodyReader body(object_body);
  AlertRaise out;
  Alert& alert = out.alert;
  alert.id = *id;
  alert.rule = read_line(body, "rule", kRuleMax);
  alert.key = read_line(body, "key", kKeyMax);
  alert.tenant = read_line(body, "tenant", record::kFactNameMax);
  alert.severity = body.named("severity", Severity::kLow, parse_severity);
  alert.attribution = body.named("attribution", Attribution::kClaimed, parse_attribution);
  alert.message = read_line(body, "message");
  alert.tags = read_lines(body, "tags", behaviour::kSignalTagsMax);
  alert.entries = body.numbers("entries", kAlertEntriesMax);
  alert.withheld = read_lines(body, "withheld", kWithheldMax);
  alert.first_index = alert.last_index = body.number("index");
  alert.first = alert.last = {body.integer("time")};
  alert.count = 1;
  read_incident(body, alert.incident, out.title);
  if (alert.rule.empty()) body.fail("rule", "is empty");
  if (alert.key.empty()) body.fail("key", "is empty");
  auto responses = read_responses(body);
  if (!responses) return responses.error();
  out.responses = *std::move(responses);
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<AlertGrow> read_grow(const simdjson::dom::object& object_body) {
  BodyReader body(object_body);
  AlertGrow out;
  out.index = body.number("index");
  out.time = {body.integer("time")};
  out.count = body.number("count");
  out.severity = body.named("severity", Severity::kLow, parse_severity);
  read_incident(body, out.incident, out.title);
  out.withheld = read_lines(body, "withheld", kWithheldMax);
  auto responses = read_responses(body);
  if (!responses) return responses.error();
  out.responses = *std::move(responses);
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<IncidentChange> read_change(const simdjson::dom::object& object_body) {
  BodyReader body(object_body);
  IncidentChange out;
  if (body.has("status")) {
    out.status = body.named("status", IncidentStatus::kClosed, parse_incident_status);
    if (*out.status >= IncidentStatus::kClosed) body.fail("status", "is `open`, `acknowledged` or `contained`");
  }
  if (body.has("owner")) {
    out.owner = body.text("owner", record::kFactNameMax);
    if (!out.owner->empty() && !record::is_fact_name(*out.owner)) body.fail("owner", "is no name of a principal");
  }
  if (body.has("title")) {
    out.title = read_line(body, "title", kTitleMax);
    if (out.title->empty()) body.fail("title", "is empty");
  }
  if (!out.status && !out.owner && !out.title) return wrong("the change changes nothing");
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<Response> read_response(std::string_view object, const simdjson::dom::object& object_body) {
  const Result<std::string> id = id_of(object, kResponseObject);
  if (!id) return id.error();
  BodyReader body(object_body);
  Response out;
  out.id = *id;
  out.action = read_action(body);
  out.incident = read_id(body, "incident", true);
  out.tenant = read_line(body, "tenant", record::kFactNameMax);
  out.why = read_line(body, "why");
  if (auto done = body.done(); !done) return done.error();
  return out;
}

}  // namespace redoubt::incident
