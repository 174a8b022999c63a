#include "admin/incident_operations.h"

#include <charconv>

#include "admin/identity_lookup.h"
#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "incident/facts.h"
#include "incident/notices.h"

namespace redoubt::admin {
namespace {

using incident::Incident;
using incident::Note;
using net::Method;

// ---- shapes

constexpr std::string_view kOpenStatuses[] = {"open", "acknowledged", "contained"};
constexpr Shape kOpenStatus = one_of(kOpenStatuses);
constexpr Shape kTitle = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = incident::kTitleMax});
constexpr Shape kText = text_of({.kind = TextForm::Kind::kLines, .min = 1, .max = incident::kNoteMax});

constexpr Field kNoteFields[] = {
    {"index", &kIndexShape, "Of the fact.", kRequired},
    {"author", &kTextShape, "Principal.", kRequired},
    {"time", &kTimeShape, "", kRequired},
    {"text", &kText, "Absent once it was erased."},
};
constexpr Shape kNote = object_of("Note", kNoteFields);
constexpr Shape kNoteList = newest_page_of<kNote>("NoteList");

constexpr Shape kIncidentList = newest_page_of<kIncidentShape>("IncidentList");

constexpr std::string_view kOutcomes[] = {"delivered", "delayed", "given_up", "dropped"};
constexpr Shape kOutcome = one_of(kOutcomes);
constexpr Field kNoticeFields[] = {
    {"notice", &kIncidentIdShape, "The same for each endpoint and attempt.", kRequired},
    {"endpoint", &kTextShape, "Of notify.toml.", kRequired},
    {"kind", &kTextShape, "What was told: `incident_opened`.", kRequired},
    {"severity", &kSeverityShape, "As it was told.", kRequired},
    {"outcome", &kOutcome, "Of the last attempt; `delayed`: it is tried again.", kRequired},
    {"attempts", &kIndexShape, "0: there was no room for it, or no time.", kRequired},
    {"why", &kTextShape, "Why it was not delivered."},
    {"first", &kTimeShape, "When the first attempt was on record.", kRequired},
    {"time", &kTimeShape, "When the last one was.", kRequired},
    {"index", &kIndexShape, "Of its fact.", kRequired},
};
constexpr Shape kNoticeShape = object_of("Notice", kNoticeFields);
constexpr std::size_t kNoticesMax = 1000;
constexpr Shape kNotices = list_of(kNoticeShape, kNoticesMax);
constexpr Field kNoticesFields[] = {{"items", &kNotices, "In the order of the first attempts.", kRequired}};
constexpr Shape kNoticeList = object_of("NoticeList", kNoticesFields);

constexpr Field kChangeFields[] = {
    {"status", &kOpenStatus, "How it stands."},
    {"owner", &kIdShape, "Who takes it; null: nobody any more.", kNullable},
    {"title", &kTitle, "At most 200 bytes."},
};
constexpr Shape kChange = object_of("IncidentChange", kChangeFields, kClosed, 1);
constexpr Field kNewNoteFields[] = {{"text", &kText, "At most 4096 bytes.", kRequired}};
constexpr Shape kNewNote = object_of("NewNote", kNewNoteFields, kClosed);
constexpr Field kMergeFields[] = {
    {"into", &kIncidentIdShape, "Another incident of the same tenant, which is open.", kRequired}};
constexpr Shape kMerge = object_of("IncidentMerge", kMergeFields, kClosed);
constexpr Field kClosingFields[] = {{"cause", &kCauseShape, "What it was.", kRequired}};
constexpr Shape kClosing = object_of("IncidentClosing", kClosingFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."}};
constexpr Parameter kFilters[] = {
    {.name = "status", .shape = &kIncidentStatusShape, .description = "With this status."},
    {.name = "owner", .shape = &kIdShape, .description = "Taken by this one."},
    {.name = "tenant", .shape = &kTenantShape, .description = "Of this tenant."},
};

// ---- handlers

Result<Incident> find(Call& call, std::string_view id) {
  auto found = incident::find_incident(call.services.engine.tables(), id);
  if (!found) return found.error();
  if (!*found) return Error(Errc::kNotFound, "there is no incident `" + std::string(id) + "`");
  return **std::move(found);
}

void write_note(encoding::JsonWriter& json, const Note& note) {
  json.begin_object();
  json.member("index", note.index);
  json.member("author", note.author);
  json.member("time", format_timestamp(note.time));
  if (!note.text.empty()) json.member("text", note.text);
  json.end_object();
}

Result<Answer> list(Call& call) {
  const auto after = place_of(call);
  if (!after) return after.error();
  incident::IncidentFilter filter{.owner = call.query_value("owner"), .tenant = call.query_value("tenant")};
  if (const auto status = call.query_value("status")) filter.status = incident::parse_incident_status(*status);
  const auto incidents =
      incident::list_incidents(call.services.engine.tables(), filter, *after, call.arguments.page.limit + 1);
  if (!incidents) return incidents.error();
  return list_answer(
      call, *incidents, [](const Incident& one) { return place_key(one.opened, one.id); }, write_incident);
}

Result<Answer> answer_about(Call& call, std::string_view id) {
  const auto one = find(call, id);
  if (!one) return one.error();
  Answer out{.version = one->version};
  encoding::JsonWriter json(out.body);
  write_incident(json, *one);
  return out;
}

Result<Answer> get(Call& call) {
  return answer_about(call, call.path_value("id"));
}

Result<Answer> show(Call& call, const Change& change) {
  return answer_about(call, change.id);
}

// Where the page of notes that is asked for begins.
Result<std::uint64_t> notes_before(const Call& call) {
  const std::string_view after = call.arguments.page.after;
  std::uint64_t before = incident::kNewest;
  if (after.empty()) return before;
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), before);
  if (error == std::errc() && end == after.data() + after.size() && before <= incident::kNewest) return before;
  return Error(Errc::kMalformed, "`cursor` is not one of this list");
}

Result<Answer> notes(Call& call) {
  const auto one = find(call, call.path_value("id"));
  if (!one) return one.error();
  const auto before = notes_before(call);
  if (!before) return before.error();
  const auto found =
      incident::list_notes(call.services.engine.tables(), one->id, *before, call.arguments.page.limit + 1);
  if (!found) return found.error();
  return list_answer(call, *found, [](const Note& note) { return std::to_string(note.index); }, write_note);
}

void write_notice(encoding::JsonWriter& json, const incident::NoticeRow& row) {
  json.begin_object();
  json.member("notice", row.last.notice);
  json.member("endpoint", row.last.endpoint);
  json.member("kind", row.last.kind);
  json.member("severity", behaviour::to_string(row.last.severity));
  json.member("outcome", row.last.outcome);
  json.member("attempts", row.last.number);
  if (!row.last.why.empty()) json.member("why", row.last.why);
  json.member("first", format_timestamp(row.first));
  json.member("time", format_timestamp(row.time));
  json.member("index", row.index);
  json.end_object();
}

Result<Answer> notices(Call& call) {
  const auto one = find(call, call.path_value("id"));
  if (!one) return one.error();
  const auto rows = incident::list_notices(call.services.engine.tables(), one->id, kNoticesMax);
  if (!rows) return rows.error();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.key("items");
  json.begin_array();
  for (const incident::NoticeRow& row : *rows) write_notice(json, row);
  json.end_array();
  json.end_object();
  return out;
}

// What `propose` makes of the incident of the path.
template <class Propose>
Result<Change> change_of(Call& call, Propose&& propose) {
  const auto one = find(call, call.path_value("id"));
  if (!one) return one.error();
  Result<state::Proposal> proposal = propose(*one);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), one->id);
}

Result<Change> patch(Call& call) {
  return change_of(call, [&](const Incident& one) -> Result<state::Proposal> {
    incident::IncidentChange wanted;
    if (call.body.has("status")) wanted.status = incident::parse_incident_status(call.body.text("status"));
    if (call.body.has("title")) wanted.title = call.body.text("title");
    if (call.body.has("owner")) {
      wanted.owner = call.body.text("owner");
      const auto owner = call.body.is_null("owner") ? Result<identity::Principal>(identity::Principal())
                                                    : find_principal(call, *wanted.owner);
      if (!owner || owner->deleted) {
        return Error(Errc::kInvalidArgument, "there is no principal `" + *wanted.owner + "`");
      }
    }
    return incident::propose_change(one, wanted);
  });
}

Result<Change> note(Call& call) {
  return change_of(call, [&](const Incident& one) { return incident::propose_note(one, call.body.text("text")); });
}

Result<Change> merge(Call& call) {
  return change_of(call, [&](const Incident& one) -> Result<state::Proposal> {
    const auto into = find(call, call.body.text("into"));
    if (!into) return Error(Errc::kInvalidArgument, into.error().message());
    return incident::propose_merge(one, *into);
  });
}

Result<Change> close(Call& call) {
  return change_of(call, [&](const Incident& one) {
    return incident::propose_close(one, *incident::parse_cause(call.body.text("cause")));
  });
}

constexpr std::string_view kTag = "incidents";
constexpr Operation kOperations[] = {
    {.id = "listIncidents",
     .tag = kTag,
     .summary = "List cases, the newest first",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/incidents",
     .action = "readIncidents",
     .parameters = kFilters,
     .response = &kIncidentList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = list},
    {.id = "getIncident",
     .tag = kTag,
     .summary = "Show an incident",
     .description = "Recorded. `/alerts?incident=ID`, `/responses?incident=ID` and `/incidents/ID/notes` have what "
                    "belongs to it, `/incidents/ID/notices` who was told of it.",
     .method = Method::kGet,
     .path = "/incidents/{id}",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kIncidentShape,
     .etag = true,
     .recorded = true,
     .resource = server_resource,
     .read = get},
    {.id = "changeIncident",
     .tag = kTag,
     .summary = "Take an incident, say how it stands, or name it",
     .description = "Whoever takes it, or says how it stands, has acknowledged it.",
     .method = Method::kPatch,
     .path = "/incidents/{id}",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kChange,
     .response = &kIncidentShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = patch,
     .show = show},
    {.id = "listNotes",
     .tag = kTag,
     .summary = "List what was written about an incident, the newest first",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/incidents/{id}/notes",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kNoteList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = notes},
    {.id = "listNotices",
     .tag = kTag,
     .summary = "List who was told of an incident outside, and whether it came through",
     .description = "Recorded. Of each notice and endpoint the last attempt.",
     .method = Method::kGet,
     .path = "/incidents/{id}/notices",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kNoticeList,
     .recorded = true,
     .resource = server_resource,
     .read = notices},
    {.id = "addNote",
     .tag = kTag,
     .summary = "Write something about an incident",
     .description = "The text is sealed apart from the record, and can be erased.",
     .method = Method::kPost,
     .path = "/incidents/{id}/notes",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kNewNote,
     .response = &kIncidentShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = note,
     .show = show},
    {.id = "mergeIncident",
     .tag = kTag,
     .summary = "Make it a part of another",
     .description = "Its alerts, responses and notes move there.",
     .method = Method::kPost,
     .path = "/incidents/{id}/merge",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kMerge,
     .response = &kIncidentShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = merge,
     .show = show},
    {.id = "closeIncident",
     .tag = kTag,
     .summary = "Close an incident, and say what it was",
     .method = Method::kPost,
     .path = "/incidents/{id}/close",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kClosing,
     .response = &kIncidentShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = close,
     .show = show},
};

}  // namespace

std::span<const Operation> incident_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
