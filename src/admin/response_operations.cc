#include "admin/response_operations.h"

#include <array>

#include "admin/identity_lookup.h"
#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "incident/facts.h"

namespace redoubt::admin {
namespace {

using incident::Response;
using net::Method;

// ---- shapes

constexpr Shape kResponseList = newest_page_of<kResponseShape>("ResponseList");
constexpr std::string_view kStatuses[] = {"proposed", "active", "rehearsed", "ended"};
constexpr Shape kStatus = one_of(kStatuses);

constexpr Field kNewFields[] = {
    {"effect", &kEffectShape, "", kRequired},
    {"target", &kTargetShape,
     "`principal/ID`, `key/ID`, `network/HASH`, `model/NAME`, `tool/NAME` or `data_set/NAME`. `suspend` acts on the "
     "first two, `block` on the others; the rest on principals, keys and models (`throttle` not on models).",
     kRequired},
    {"for_s", &kSpanShape, "How long.", kRequired},
    {"per_minute", &kPerMinuteShape, "Of a throttle, which needs it: requests that pass."},
    {"families", &kFamiliesShape, "Of an inspection, which needs it: what it stops."},
    {"incident", &kIncidentIdShape, "That it belongs to."},
    {"reason", &kLineShape, "Why; at most 300 bytes.", kRequired},
};
constexpr Shape kNewResponse = object_of("NewResponse", kNewFields, kClosed);

constexpr std::string_view kEnds[] = {"undone", "refused"};
constexpr Shape kEndHow = one_of(kEnds);
constexpr Field kEndFields[] = {
    {"end", &kEndHow, "`undone`: one that is active. `refused`: one that was proposed.", kRequired}};
constexpr Shape kResponseEnding = object_of("ResponseEnding", kEndFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The response's name."}};
constexpr Parameter kFilters[] = {
    {.name = "status", .shape = &kStatus, .description = "With this status."},
    {.name = "incident", .shape = &kIncidentIdShape, .description = "Of this incident."},
    {.name = "target", .shape = &kTargetShape, .description = "Of this target."},
};

// ---- handlers

Result<Response> find(Call& call, std::string_view id) {
  auto response = incident::find_response(call.services.engine.tables(), id);
  if (!response) return response.error();
  if (!*response) return Error(Errc::kNotFound, "there is no response `" + std::string(id) + "`");
  return **std::move(response);
}

Result<Answer> list(Call& call) {
  const auto after = place_of(call);
  if (!after) return after.error();
  incident::ResponseFilter filter{.incident = call.query_value("incident"), .target = call.query_value("target")};
  if (const auto status = call.query_value("status")) filter.status = incident::parse_response_status(*status);
  const auto responses =
      incident::list_responses(call.services.engine.tables(), filter, *after, call.arguments.page.limit + 1);
  if (!responses) return responses.error();
  return list_answer(
      call, *responses, [](const Response& each) { return place_key(each.started, each.id); }, write_response);
}

Result<Answer> answer_about(Call& call, std::string_view id) {
  const auto response = find(call, id);
  if (!response) return response.error();
  Answer out{.version = response->version, .location = std::string(kPrefix) + "/responses/" + response->id};
  encoding::JsonWriter json(out.body);
  write_response(json, *response);
  return out;
}

Result<Answer> get(Call& call) {
  return answer_about(call, call.path_value("id"));
}

Result<Answer> show(Call& call, const Change& change) {
  return answer_about(call, change.id);
}

Result<incident::Action> wanted_action(const Body& body) {
  auto target = incident::parse_target(body.text("target"));
  if (!target) return target.error();
  incident::Action out{.effect = *incident::parse_effect(body.text("effect")),
                       .target = *std::move(target),
                       .for_ms = static_cast<std::int64_t>(*body.integer("for_s")) * 1000,
                       .per_minute = static_cast<std::uint32_t>(body.integer("per_minute").value_or(0))};
  for (const std::string& family : body.texts("families")) {
    out.families.append(out.families.empty() ? "" : ",").append(family);
  }
  if (auto fits = incident::check(out); !fits) return fits.error();
  return out;
}

// The tenant of whom it is done to. That a principal or key is there is asked, for what is misspelt, or gone, would
// hold nobody.
Result<std::string> tenant_of(Call& call, const incident::Target& target) {
  std::string principal = target.name;
  if (target.type == incident::TargetType::kKey) {
    const auto key = find_key(call, target.name);
    if (!key) return Error(Errc::kInvalidArgument, key.error().message());
    if (key->revoked) return Error(Errc::kInvalidArgument, "the key `" + target.name + "` is revoked");
    principal = key->principal;
  } else if (target.type != incident::TargetType::kPrincipal) {
    return std::string();
  }
  const auto holder = find_principal(call, principal);
  if (!holder) return Error(Errc::kInvalidArgument, holder.error().message());
  if (holder->deleted) return Error(Errc::kInvalidArgument, "the principal `" + principal + "` is deleted");
  return holder->tenant;
}

std::string new_id() {
  std::array<std::byte, 8> random{};
  crypto::random_bytes(random);
  return encoding::hex(random);
}

Result<Change> start(Call& call) {
  const auto action = wanted_action(call.body);
  if (!action) return action.error();
  const auto tenant = tenant_of(call, action->target);
  if (!tenant) return tenant.error();
  std::string id = new_id();
  auto proposal =
      incident::propose_response(id, *action, call.body.text("incident"), *tenant, call.body.text("reason"));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), std::move(id));
}

Result<Change> accept(Call& call) {
  const auto response = find(call, call.path_value("id"));
  if (!response) return response.error();
  // Its target may have gone while it waited. To undo and to refuse need none.
  const auto tenant = tenant_of(call, response->action.target);
  if (!tenant && tenant.error().code() != Errc::kInvalidArgument) return tenant.error();
  if (!tenant) return Error(Errc::kConflict, tenant.error().message() + ": refuse the response");
  auto proposal = incident::propose_accept(*response);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), response->id);
}

Result<Change> end(Call& call) {
  const auto response = find(call, call.path_value("id"));
  if (!response) return response.error();
  auto proposal = incident::propose_end(*response, *incident::parse_end_why(call.body.text("end")));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), response->id);
}

constexpr std::string_view kTag = "responses";
constexpr Operation kOperations[] = {
    {.id = "listResponses",
     .tag = kTag,
     .summary = "List what is done about somebody or something, or was; the newest first",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/responses",
     .action = "readIncidents",
     .parameters = kFilters,
     .response = &kResponseList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = list},
    {.id = "startResponse",
     .tag = kTag,
     .summary = "Do something about somebody or something, for a time",
     .description = "It is active when the answer comes, and ends by itself.",
     .method = Method::kPost,
     .path = "/responses",
     .action = "respond",
     .request = &kNewResponse,
     .response = &kResponseShape,
     .success = 201,
     .etag = true,
     .resource = server_resource,
     .wish = start,
     .show = show},
    {.id = "getResponse",
     .tag = kTag,
     .summary = "Show a response",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/responses/{id}",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kResponseShape,
     .etag = true,
     .recorded = true,
     .resource = server_resource,
     .read = get},
    {.id = "acceptResponse",
     .tag = kTag,
     .summary = "Have one that was proposed be done, for its whole time",
     .method = Method::kPost,
     .path = "/responses/{id}/accept",
     .action = "respond",
     .parameters = kOne,
     .response = &kResponseShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = accept,
     .show = show},
    {.id = "endResponse",
     .tag = kTag,
     .summary = "Undo one that is active, or refuse one that was proposed",
     .method = Method::kPost,
     .path = "/responses/{id}/end",
     .action = "respond",
     .parameters = kOne,
     .request = &kResponseEnding,
     .response = &kResponseShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = end,
     .show = show},
};

}  // namespace

std::span<const Operation> response_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
