#include "admin/hold_operations.h"

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/services.h"
#include "base/timestamp.h"

namespace redoubt::admin {
namespace {

using net::Method;

// ---- shapes

constexpr std::string_view kStatuses[] = {"waiting", "released", "refused"};
constexpr Shape kStatus = one_of(kStatuses);

constexpr Field kHoldFields[] = {
    {"id", &kHoldIdShape, "", kRequired},
    {"kind", &kHoldKindShape, "What sort of thing waits.", kRequired},
    {"subject", &kHoldSubjectShape, "Which one.", kRequired},
    {"reason", &kHoldReasonShape, "Why it waits.", kRequired},
    {"placed_by", &kTextShape, "Principal.", kRequired},
    {"placed", &kTimeShape, "", kRequired},
    {"status", &kStatus, "", kRequired},
    {"decided_by", &kTextShape, "Principal."},
    {"decided", &kTimeShape, ""},
    {"decision_reason", &kTextShape, ""},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kHold = object_of("Hold", kHoldFields);
constexpr Shape kHoldList = page_of<kHold>("HoldList");

constexpr Field kNewHoldFields[] = {
    {"kind", &kHoldKindShape, "What sort of thing waits.", kRequired},
    {"subject", &kHoldSubjectShape, "Which one.", kRequired},
    {"reason", &kHoldReasonShape, "Why it is to wait.", kRequired},
};
constexpr Shape kNewHold = object_of("NewHold", kNewHoldFields, kClosed);

constexpr Field kDecisionFields[] = {{"reason", &kHoldReasonShape, "Why it is decided so.", kRequired}};
constexpr Shape kDecision = object_of("HoldDecision", kDecisionFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kHoldIdShape, .description = "The hold's name."}};
constexpr Parameter kFilters[] = {
    {.name = "status", .shape = &kStatus, .description = "With this status."},
    {.name = "kind", .shape = &kHoldKindShape, .description = "Of this kind."},
    {.name = "subject", .shape = &kHoldSubjectShape, .description = "Of this subject."},
};

// ---- handlers

Result<Hold> find(Call& call, std::string_view id) {
  auto hold = find_hold(call.services.engine.tables(), id);
  if (!hold) return hold.error();
  if (!*hold) return Error(Errc::kNotFound, "there is no hold `" + std::string(id) + "`");
  return *std::move(*hold);
}

void write_hold(encoding::JsonWriter& json, const Hold& hold) {
  json.begin_object();
  json.member("id", hold.id);
  json.member("kind", hold.kind);
  json.member("subject", hold.subject);
  json.member("reason", hold.reason);
  json.member("placed_by", hold.placed_by);
  json.member("placed", format_timestamp(hold.placed));
  json.member("status", to_string(hold.status));
  if (hold.status != HoldStatus::kWaiting) {
    json.member("decided_by", hold.decided_by);
    json.member("decided", format_timestamp(hold.decided));
    json.member("decision_reason", hold.decision_reason);
  }
  json.member("version", hold.version);
  json.end_object();
}

Result<Answer> list(Call& call) {
  HoldFilter filter{.kind = call.query_value("kind"), .subject = call.query_value("subject")};
  if (const auto status = call.query_value("status")) filter.status = parse_hold_status(*status);
  const auto holds =
      list_holds(call.services.engine.tables(), filter, call.arguments.page.after, call.arguments.page.limit + 1);
  if (!holds) return holds.error();
  return list_answer(call, *holds, [](const Hold& hold) { return hold.id; }, write_hold);
}

Answer answer_with(const Hold& hold) {
  Answer out{.version = hold.version, .location = std::string(kPrefix) + "/holds/" + hold.id};
  encoding::JsonWriter json(out.body);
  write_hold(json, hold);
  return out;
}

Result<Answer> get(Call& call) {
  const auto hold = find(call, call.path_value("id"));
  if (!hold) return hold.error();
  return answer_with(*hold);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto hold = find(call, change.id);
  if (!hold) return hold.error();
  return answer_with(*hold);
}

Result<Change> place(Call& call) {
  auto proposal = propose_hold(call.body.text("kind"), call.body.text("subject"), call.body.text("reason"));
  if (!proposal) return proposal.error();
  std::string id = proposal->object.substr(hold_object("").size());
  return Change(*std::move(proposal), std::move(id));
}

template <bool kRelease>
Result<Change> decide(Call& call) {
  const auto hold = find(call, call.path_value("id"));
  if (!hold) return hold.error();
  auto proposal = propose_hold_decision(*hold, kRelease, call.body.text("reason"));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), hold->id);
}

constexpr std::string_view kTag = "holds";
constexpr Operation kOperations[] = {
    {.id = "listHolds",
     .tag = kTag,
     .summary = "List what waits for a decision, or waited",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/holds",
     .action = "readHolds",
     .parameters = kFilters,
     .response = &kHoldList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = list},
    {.id = "placeHold",
     .tag = kTag,
     .summary = "Have something wait for a decision",
     .method = Method::kPost,
     .path = "/holds",
     .action = "placeHolds",
     .request = &kNewHold,
     .response = &kHold,
     .success = 201,
     .etag = true,
     .resource = server_resource,
     .wish = place,
     .show = show},
    {.id = "getHold",
     .tag = kTag,
     .summary = "Show a hold",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/holds/{id}",
     .action = "readHolds",
     .parameters = kOne,
     .response = &kHold,
     .etag = true,
     .recorded = true,
     .resource = server_resource,
     .read = get},
    {.id = "releaseHold",
     .tag = kTag,
     .summary = "Let it go on",
     .method = Method::kPost,
     .path = "/holds/{id}/release",
     .action = "decideHolds",
     .parameters = kOne,
     .request = &kDecision,
     .response = &kHold,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide<true>,
     .show = show},
    {.id = "refuseHold",
     .tag = kTag,
     .summary = "Let it not go on",
     .method = Method::kPost,
     .path = "/holds/{id}/refuse",
     .action = "decideHolds",
     .parameters = kOne,
     .request = &kDecision,
     .response = &kHold,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide<false>,
     .show = show},
};

}  // namespace

std::span<const Operation> hold_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
