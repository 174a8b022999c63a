#include "admin/clock_operations.h"

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "incident/clocks.h"
#include "incident/listing.h"
#include "incident/review.h"

namespace redoubt::admin {
namespace {

using incident::Clocks;
using net::Method;

constexpr std::string_view kLaws = "regimes.yaml";  // in the bundle

// ---- shapes

constexpr Shape kRegimeId =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "a-z0-9_", .rest = "a-z0-9_"});
constexpr Shape kDigest =
    text_of({.kind = TextForm::Kind::kName, .min = 64, .max = 64, .first = "0-9a-f", .rest = "0-9a-f"});
constexpr Shape kReference = text_of({.kind = TextForm::Kind::kLine, .max = 300});
constexpr std::string_view kStates[] = {"undecided", "not_notifiable", "due", "overdue", "done", "done_late"};
constexpr Shape kState = one_of(kStates);
constexpr std::string_view kFormats[] = {"markdown", "html"};
constexpr Shape kFormat = one_of(kFormats);
constexpr std::string_view kOrders[] = {"happened", "known"};
constexpr Shape kOrder = one_of(kOrders);
constexpr Shape kDocument = text_of({.kind = TextForm::Kind::kLines, .max = std::size_t{16} << 20});

constexpr Field kAwarenessFields[] = {
    {"time", &kTimeShape, "When somebody became aware of it.", kRequired},
    {"reason", &kTextShape, "How.", kRequired},
    {"by", &kTextShape, "Principal who said so.", kRequired},
    {"first", &kTimeShape, "As it was first said.", kRequired},
    {"corrections", &kIndexShape, "How often it was said anew.", kRequired},
    {"index", &kIndexShape, "Of the fact.", kRequired},
};
constexpr Shape kAwareness = object_of("Awareness", kAwarenessFields);
constexpr Field kDecisionFields[] = {
    {"regime", &kRegimeId, "", kRequired},
    {"notifiable", &kBoolean, "", kRequired},
    {"reason", &kTextShape, "", kRequired},
    {"by", &kTextShape, "Principal who decided.", kRequired},
    {"time", &kTimeShape, "", kRequired},
    {"laws", &kDigest, "Digest of the table of laws that was in force.", kRequired},
    {"index", &kIndexShape, "Of the fact.", kRequired},
};
constexpr Shape kDecision = object_of("Notifiability", kDecisionFields);
constexpr Shape kDecisions = list_of(kDecision, 256);
constexpr Field kDeadlineFields[] = {
    {"regime", &kRegimeId, "", kRequired},
    {"step", &kRegimeId, "", kRequired},
    {"to", &kTextShape, "Who is to be told.", kRequired},
    {"law", &kTextShape, "", kRequired},
    {"article", &kTextShape, "", kRequired},
    {"due", &kTimeShape, "The first moment that is too late; absent: without undue delay."},
    {"provisional", &kBoolean, "It rests on what is still to be decided or done.", kRequired},
    {"state", &kState, "", kRequired},
    {"told", &kTimeShape, "When it was done."},
};
constexpr Shape kDeadline = object_of("Deadline", kDeadlineFields);
constexpr Shape kDeadlines = list_of(kDeadline, incident::kRegimesMax* incident::kRegimeStepsMax);
constexpr Field kClocksFields[] = {
    {"awareness", &kAwareness, "Absent as long as nobody has said it: then no clock runs."},
    {"decisions", &kDecisions, "", kRequired},
    {"deadlines", &kDeadlines, "As of now.", kRequired},
    {"laws", &kDigest, "Digest of the table of laws in force.", kRequired},
    {"version", &kVersionShape, "As in ETag.", kRequired},
};
constexpr Shape kClocks = object_of("Clocks", kClocksFields);

constexpr Field kAwareFields[] = {
    {"time", &kTimeShape, "Not in the future.", kRequired},
    {"reason", &kLineShape, "How one became aware.", kRequired},
};
constexpr Shape kAware = object_of("NewAwareness", kAwareFields, kClosed);
constexpr Field kDecideFields[] = {
    {"regime", &kRegimeId, "One that the table of laws has for the awareness time.", kRequired},
    {"notifiable", &kBoolean, "Whether it wants the incident told.", kRequired},
    {"reason", &kLineShape, "", kRequired},
};
constexpr Shape kDecide = object_of("NewNotifiability", kDecideFields, kClosed);
constexpr Field kTellFields[] = {
    {"regime", &kRegimeId, "", kRequired},
    {"step", &kRegimeId, "", kRequired},
    {"time", &kTimeShape, "When it was done; not in the future.", kRequired},
    {"reference", &kReference, "What the receiver calls it."},
};
constexpr Shape kTell = object_of("NewTold", kTellFields, kClosed);
constexpr Field kReviewFields[] = {
    {"format", &kFormat, "", kRequired},
    {"text", &kDocument, "The document.", kRequired},
};
constexpr Shape kReview = object_of("Review", kReviewFields);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."}};
constexpr Parameter kReviewParameters[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."},
    {.name = "format", .shape = &kFormat, .description = "Markdown, unless it is said."},
    {.name = "order", .shape = &kOrder, .description = "Of the timeline: as things happened, unless it is said."},
};

// ---- handlers

// The table of the bundle in force, or the one that comes with the program.
Result<incident::RegimeTable> laws_of(Call& call) {
  if (const auto& in_force = call.services.bundles.in_force()) {
    const auto bundle = call.services.library.get(in_force->digest);
    const std::string* const own = bundle ? bundle->find(kLaws) : nullptr;
    if (own != nullptr) return incident::read_regimes(kLaws, *own);
    if (!bundle && bundle.error().code() != Errc::kNotFound) return bundle.error();
  }
  return incident::read_regimes(kLaws, incident::shipped_regimes());
}

Result<> check_there(Call& call, std::string_view id) {
  const auto found = incident::find_incident(call.services.engine.tables(), id);
  if (!found) return found.error();
  if (!*found) return Error(Errc::kNotFound, "there is no incident `" + std::string(id) + "`");
  return {};
}

// What the law wants is for a named person to say, not for a program in its own name.
Result<> check_person(const Call& call) {
  if (call.caller.principal->type == identity::PrincipalType::kUser) return {};
  return Error(Errc::kPermissionDenied,
               "what the law wants is for a person to say, and `" + call.caller.principal->id + "` is none");
}

std::uint64_t version_of(Call& call, std::string_view id) {
  return call.services.engine.version_of(incident::clock_object(id));
}

void write_awareness(encoding::JsonWriter& json, const incident::Awareness& aware) {
  json.key("awareness");
  json.begin_object();
  json.member("time", format_timestamp(aware.time));
  json.member("reason", aware.why);
  json.member("by", aware.by);
  json.member("first", format_timestamp(aware.first));
  json.member("corrections", aware.corrections);
  json.member("index", aware.index);
  json.end_object();
}

void write_decision(encoding::JsonWriter& json, const incident::Notifiability& each) {
  json.begin_object();
  json.member("regime", each.regime);
  json.member("notifiable", each.notifiable);
  json.member("reason", each.why);
  json.member("by", each.by);
  json.member("time", format_timestamp(each.decided));
  json.member("laws", each.table);
  json.member("index", each.index);
  json.end_object();
}

void write_deadline(encoding::JsonWriter& json, const incident::Deadline& each) {
  json.begin_object();
  json.member("regime", each.regime);
  json.member("step", each.step);
  json.member("to", each.to);
  json.member("law", each.law);
  json.member("article", each.article);
  if (each.due) json.member("due", format_timestamp(*each.due));
  json.member("provisional", each.provisional);
  json.member("state", to_string(each.state));
  if (each.done) json.member("told", format_timestamp(*each.done));
  json.end_object();
}

Result<Answer> answer_about(Call& call, const std::string& id) {
  if (auto there = check_there(call, id); !there) return there.error();
  const auto clocks = incident::find_clocks(call.services.engine.tables(), id);
  if (!clocks) return clocks.error();
  const auto laws = laws_of(call);
  if (!laws) return laws.error();
  Answer out{.version = version_of(call, id)};
  encoding::JsonWriter json(out.body);
  json.begin_object();
  if (clocks->awareness) write_awareness(json, *clocks->awareness);
  json.key("decisions");
  json.begin_array();
  for (const incident::Notifiability& each : clocks->decisions) write_decision(json, each);
  json.end_array();
  json.key("deadlines");
  json.begin_array();
  for (const incident::Deadline& each : deadlines(*clocks, *laws, call.now)) write_deadline(json, each);
  json.end_array();
  json.member("laws", laws->digest);
  json.member("version", *out.version);
  json.end_object();
  return out;
}

Result<Answer> get(Call& call) {
  return answer_about(call, call.path_value("id"));
}

Result<Answer> show(Call& call, const Change& change) {
  return answer_about(call, change.id);
}

Result<Change> as_change(Result<state::Proposal> proposal, const std::string& id) {
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), id);
}

Result<Change> aware(Call& call) {
  const std::string& id = call.path_value("id");
  if (auto person = check_person(call); !person) return person.error();
  if (auto there = check_there(call, id); !there) return there.error();
  return as_change(
      incident::propose_aware(id, {.time = *call.body.time("time"), .why = std::string(call.body.text("reason"))},
                              version_of(call, id)),
      id);
}

Result<Change> decide(Call& call) {
  const std::string& id = call.path_value("id");
  if (auto person = check_person(call); !person) return person.error();
  if (auto there = check_there(call, id); !there) return there.error();
  const auto clocks = incident::find_clocks(call.services.engine.tables(), id);
  if (!clocks) return clocks.error();
  const auto laws = laws_of(call);
  if (!laws) return laws.error();
  const std::string regime(call.body.text("regime"));
  const UnixMillis moment = clocks->awareness ? clocks->awareness->time : call.now;
  if (laws->find(regime, moment) == nullptr) {
    return Error(Errc::kInvalidArgument, "the table of laws has no regime `" + regime + "` for that time");
  }
  return as_change(incident::propose_decide(id,
                                            {.regime = regime,
                                             .notifiable = *call.body.flag("notifiable"),
                                             .why = std::string(call.body.text("reason")),
                                             .table = laws->digest},
                                            version_of(call, id)),
                   id);
}

Result<Change> tell(Call& call) {
  const std::string& id = call.path_value("id");
  if (auto person = check_person(call); !person) return person.error();
  if (auto there = check_there(call, id); !there) return there.error();
  return as_change(incident::propose_tell(id,
                                          {.regime = std::string(call.body.text("regime")),
                                           .step = std::string(call.body.text("step")),
                                           .time = *call.body.time("time"),
                                           .reference = std::string(call.body.text("reference"))},
                                          version_of(call, id)),
                   id);
}

Result<Answer> review(Call& call) {
  const auto laws = laws_of(call);
  if (!laws) return laws.error();
  const bool known = call.query_value("order") == "known";
  const auto made =
      incident::make_review(call.services.engine.tables(), call.services.source,
                            {.incident = call.path_value("id"),
                             .laws = *laws,
                             .now = call.now,
                             .order = known ? incident::TimelineOrder::kDiscovery : incident::TimelineOrder::kEvent});
  // What was merged has no review of its own, and the message says where to look.
  if (!made && made.error().code() == Errc::kConflict) return Error(Errc::kNotFound, made.error().message());
  if (!made) return made.error();
  const bool html = call.query_value("format") == "html";
  const incident::Document document = document_of(*made);
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("format", html ? "html" : "markdown");
  json.member("text", html ? to_html(document) : to_markdown(document));
  json.end_object();
  return out;
}

constexpr std::string_view kTag = "incidents";
constexpr Operation kOperations[] = {
    {.id = "getClocks",
     .tag = kTag,
     .summary = "Show what laws want told of an incident, and until when",
     .description = "Recorded. Deadlines come of what was said, the table of laws in force, and the time; the "
                    "version is that of what was said.",
     .method = Method::kGet,
     .path = "/incidents/{id}/clocks",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kClocks,
     .etag = true,
     .recorded = true,
     .resource = server_resource,
     .read = get},
    {.id = "setAwareness",
     .tag = kTag,
     .summary = "Say when somebody became aware of an incident",
     .description = "All terms rest on it. Said again, it is corrected; how it was first said stays on record.",
     .method = Method::kPost,
     .path = "/incidents/{id}/clocks/awareness",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kAware,
     .response = &kClocks,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = aware,
     .show = show},
    {.id = "decideNotifiability",
     .tag = kTag,
     .summary = "Decide whether a law wants an incident told",
     .description = "A user decides, by name: no service account, application or agent, and never Redoubt.",
     .method = Method::kPost,
     .path = "/incidents/{id}/clocks/decisions",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kDecide,
     .response = &kClocks,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide,
     .show = show},
    {.id = "tellStep",
     .tag = kTag,
     .summary = "Say that a step of a law is done",
     .method = Method::kPost,
     .path = "/incidents/{id}/clocks/told",
     .action = "changeIncidents",
     .parameters = kOne,
     .request = &kTell,
     .response = &kClocks,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = tell,
     .show = show},
    {.id = "getReview",
     .tag = kTag,
     .summary = "Write the document about an incident",
     .description = "Recorded. Made of facts alone; what was reached is in what `redoubt incident review` makes.",
     .method = Method::kGet,
     .path = "/incidents/{id}/review",
     .action = "readIncidents",
     .parameters = kReviewParameters,
     .response = &kReview,
     .recorded = true,
     .resource = server_resource,
     .read = review},
};

}  // namespace

std::span<const Operation> clock_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
