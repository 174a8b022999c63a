#include "admin/export_operations.h"

#include <array>
#include <charconv>

#include "admin/fact_proofs.h"
#include "admin/incident_events.h"
#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "encoding/base64.h"
#include "incident/notices.h"
#include "incident/ocsf.h"
#include "incident/timeline.h"

namespace redoubt::admin {
namespace {

using incident::Alert;
using incident::Incident;
using incident::Response;
using net::Method;

// ---- shapes

constexpr Shape kOrigin = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 255});
constexpr Shape kLeaf = text_of({.kind = TextForm::Kind::kLine, .min = 44, .max = 44});
constexpr Shape kRecord = text_of({.kind = TextForm::Kind::kLines, .min = 2, .max = 65'535});
constexpr Shape kProof = text_of({.kind = TextForm::Kind::kLines, .min = 1, .max = 1024 * 1024 + 128 * 1024});
constexpr Field kFactFields[] = {
    {"index", &kIndexShape, "Of the fact, in the log.", kRequired},
    {"leaf", &kLeaf, "Base64 of SHA-256(0x00, record), as in receipts."},
    {"record", &kRecord,
     "The bytes of the log's entry; values that are sealed are commitments in it. Absent, as the leaf is, when the log "
     "has the entry no more."},
    {"proof", &kProof, "That it is in the log: C2SP tlog-proof. Absent as long as no checkpoint covers it."},
};
constexpr Shape kFact = object_of("SharedFact", kFactFields);
constexpr Field kShareFields[] = {
    {"incident", &kIncidentIdShape, "", kRequired},
    {"origin", &kOrigin, "The log: first line of its checkpoints, name of its key.", kRequired},
    {"items", &kPageItems<kFact>, "The facts of the incident, in the order of the log.", kRequired},
    {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last one."},
};
constexpr Shape kShare = object_of("IncidentShare", kShareFields);

constexpr Field kExportFields[] = {
    {"items", &kPageItems<kAnyObject>, "The incident, then its alerts, then its responses, the newest first.",
     kRequired},
    {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last one."}};
constexpr Shape kExport = object_of("IncidentExport", kExportFields);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."}};
constexpr std::string_view kFormats[] = {"ocsf"};
constexpr Shape kFormat = one_of(kFormats);
constexpr Parameter kExportParameters[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."},
    {.name = "format", .shape = &kFormat, .description = "OCSF 1.8.0; there is no other yet."},
};

// ---- what both need

Result<Incident> incident_of_path(Call& call) {
  const std::string& id = call.path_value("id");
  auto found = incident::find_incident(call.services.engine.tables(), id);
  if (!found) return found.error();
  if (!*found) return Error(Errc::kNotFound, "there is no incident `" + id + "`");
  return **std::move(found);
}

// ---- to share

// The facts of the incident after the one that the page begins behind, one more than it has. A fact has several items
// at times.
Result<std::vector<std::uint64_t>> facts_of(Call& call, const Incident& one) {
  std::optional<incident::TimelineAfter> after;
  if (const std::string& key = call.arguments.page.after; !key.empty()) {
    const auto place = parse_item_place(key);
    if (!place || key.find('.') != std::string::npos) {
      return Error(Errc::kMalformed, "`cursor` is not one of this list");
    }
    after = incident::TimelineAfter{.event = {}, .place = *place};
  }
  const std::size_t wanted = call.arguments.page.limit + 1;
  std::vector<std::uint64_t> out;
  while (out.size() < wanted) {
    const auto items = incident::list_timeline(call.services.engine.tables(), one.id,
                                               incident::TimelineOrder::kDiscovery, after, kPageMax);
    if (!items) return items.error();
    for (const incident::TimelineItem& item : *items) {
      if (out.size() < wanted && (out.empty() || out.back() != item.place.index)) out.push_back(item.place.index);
    }
    if (items->size() < kPageMax) break;
    after = incident::TimelineAfter{.event = {}, .place = items->back().place};
  }
  return out;
}

Result<> write_fact(encoding::JsonWriter& json, Call& call, std::uint64_t index) {
  const auto entry = call.services.source.read_one(index);
  if (!entry && entry.error().code() != Errc::kNotFound) return entry.error();
  json.begin_object();
  json.member("index", index);
  Result<std::string> proof = Error(Errc::kNotFound, "no entry");
  if (entry) {
    json.member("leaf", encoding::base64(entry->leaf_hash));
    json.member("record", as_chars(entry->record));
    proof = call.services.proofs.prove(index);
  }
  if (proof) json.member("proof", *proof);
  json.end_object();
  if (!proof && proof.error().code() != Errc::kNotFound) return proof.error();
  return {};
}

Result<Answer> share(Call& call) {
  const auto one = incident_of_path(call);
  if (!one) return one.error();
  const auto facts = facts_of(call, *one);
  if (!facts) return facts.error();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("incident", one->id);
  json.member("origin", call.services.sink.source().log_origin);
  json.key("items");
  json.begin_array();
  const std::size_t shown = std::min(facts->size(), call.arguments.page.limit);
  for (std::size_t i = 0; i < shown; ++i) {
    if (auto written = write_fact(json, call, (*facts)[i]); !written) return written.error();
  }
  json.end_array();
  if (facts->size() > shown) json.member("next", make_cursor(call.operation, std::to_string((*facts)[shown - 1])));
  json.end_object();
  return out;
}

// ---- OCSF

struct Event {
  std::string json;
  std::string key;  // what the next page begins behind, when this was the last one
};

constexpr std::string_view kAlerts = "alerts";
constexpr std::string_view kResponses = "responses";

// Where a page begins: in which of the lists, and behind what.
struct Beginning {
  bool incident = true;
  bool alerts = true;
  std::optional<incident::After> alert;
  std::optional<incident::After> response;
};

// `alerts`, `alerts:TIME:ID` or `responses:TIME:ID`.
Result<Beginning> beginning_of(const Call& call) {
  const std::string_view key = call.arguments.page.after;
  if (key.empty()) return Beginning{};
  Beginning out{.incident = false, .alerts = key.starts_with(kAlerts), .alert = {}, .response = {}};
  if (key == kAlerts) return out;
  const std::string_view list = out.alerts ? kAlerts : kResponses;
  if (key.starts_with(list) && key.substr(list.size()).starts_with(':')) {
    auto place = parse_place(key.substr(list.size() + 1));
    if (place) {
      (out.alerts ? out.alert : out.response) = *std::move(place);
      return out;
    }
  }
  return Error(Errc::kMalformed, "`cursor` is not one of this list");
}

std::string key_of(std::string_view list, UnixMillis time, std::string_view id) {
  return std::string(list).append(":").append(place_key(time, id));
}

Result<Answer> as_ocsf(Call& call) {
  const auto one = incident_of_path(call);
  if (!one) return one.error();
  const auto from = beginning_of(call);
  if (!from) return from.error();
  state::Tables& tables = call.services.engine.tables();
  const incident::OcsfSource source{.log_origin = std::string(call.services.sink.source().log_origin),
                                    .product_version = call.services.version};
  const std::size_t wanted = call.arguments.page.limit + 1;
  std::vector<Event> events;
  if (from->incident) {
    const auto newest = incident::list_alerts(tables, {.incident = one->id}, {}, incident::kOcsfFindingsMax);
    if (!newest) return newest.error();
    const auto notices = incident::list_notices(tables, one->id, incident::kOcsfFindingsMax);
    if (!notices) return notices.error();
    Event& event = events.emplace_back(Event{.json = {}, .key = std::string(kAlerts)});
    incident::append_incident_finding(event.json, *one, *newest, *notices, source);
  }
  if (from->alerts) {
    const auto alerts = incident::list_alerts(tables, {.incident = one->id}, from->alert, wanted - events.size());
    if (!alerts) return alerts.error();
    for (const Alert& each : *alerts) {
      Event& event = events.emplace_back(Event{.json = {}, .key = key_of(kAlerts, each.raised, each.id)});
      incident::append_detection_finding(event.json, each, source);
    }
  }
  if (events.size() < wanted) {
    const auto responses =
        incident::list_responses(tables, {.incident = one->id}, from->response, wanted - events.size());
    if (!responses) return responses.error();
    for (const Response& each : *responses) {
      Event& event = events.emplace_back(Event{.json = {}, .key = key_of(kResponses, each.started, each.id)});
      incident::append_remediation_activity(event.json, each, source);
    }
  }
  return list_answer(
      call, events, [](const Event& event) { return event.key; },
      [](encoding::JsonWriter& json, const Event& event) { json.raw(event.json); });
}

constexpr std::string_view kTag = "incidents";
constexpr Operation kOperations[] = {
    {.id = "shareIncident",
     .tag = kTag,
     .summary = "Show an incident so that a stranger can verify it",
     .description = "The facts of the incident as the log has them, each with the proof that it is there, for anybody "
                    "who has the log's key. What is sealed is not opened: notes and other sealed values are "
                    "commitments. Recorded.",
     .method = Method::kGet,
     .path = "/incidents/{id}/share",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kShare,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = share},
    {.id = "exportIncident",
     .tag = kTag,
     .summary = "Show an incident as events for other systems",
     .description = "OCSF 1.8.0: an Incident Finding, Detection Findings of its alerts, Remediation Activities of its "
                    "responses. Recorded.",
     .method = Method::kGet,
     .path = "/incidents/{id}/export",
     .action = "readIncidents",
     .parameters = kExportParameters,
     .response = &kExport,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = as_ocsf},
};

}  // namespace

std::span<const Operation> export_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
