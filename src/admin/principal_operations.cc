#include "admin/principal_operations.h"

#include <algorithm>

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/identity_lookup.h"
#include "admin/key_operations.h"
#include "admin/router.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "identity/listing.h"
#include "identity/proposals.h"

namespace redoubt::admin {
namespace {

using identity::Principal;
using net::Method;

// ---- shapes

constexpr std::string_view kTypes[] = {"user", "service_account", "application", "agent"};
constexpr Shape kType = one_of(kTypes);
constexpr Shape kDisplayName = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 64});

constexpr Field kBreakGlassFields[] = {
    {"group", &kIdShape, "Of which it is a member for a while.", kRequired},
    {"until", &kTimeShape, "From then on it is none.", kRequired},
};
constexpr Shape kBreakGlass = object_of("", kBreakGlassFields);
constexpr Shape kBreakGlasses = list_of(kBreakGlass, identity::kBreakGlassOfPrincipalMax);

constexpr Field kPrincipalFields[] = {
    {"id", &kIdShape, "Its name, unique among all types and never given to another.", kRequired},
    {"type", &kType, "", kRequired},
    {"tenant", &kTenantShape, "Absent: of no tenant."},
    {"owner", &kIdShape, "Whom an application or agent acts for."},
    {"groups", &kIdsShape, "In which it is directly.", kRequired},
    {"break_glass", &kBreakGlasses, "Memberships for a while, by two persons."},
    {"enabled", &kBoolean, "Whether its keys are good.", kRequired},
    {"deleted", &kBoolean, "There, and true, when it was deleted."},
    {"created", &kTimeShape, "", kRequired},
    {"created_by", &kTextShape, "Principal.", kRequired},
    {"enrolled", &kTimeShape, "When somebody else last issued it a key; absent: never."},
    {"enrolled_by", &kTextShape, "Who did."},
    {"display_name", &kTextShape, "Personal: kept sealed, and gone once it was erased."},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kPrincipal = object_of("Principal", kPrincipalFields);
constexpr Shape kPrincipalList = page_of<kPrincipal>("PrincipalList");

constexpr Field kNewPrincipalFields[] = {
    {"id", &kIdShape, "Unique among all types; can never be given to another.", kRequired},
    {"type", &kType, "", kRequired},
    {"tenant", &kTenantShape, "Never changes."},
    {"owner", &kIdShape, "Of an application or agent: the user or service account it acts for."},
    {"groups", &kIdsShape, "Each must permit the caller to change it."},
    {"display_name", &kDisplayName, "Personal: kept sealed."},
};
constexpr Shape kNewPrincipal = object_of("NewPrincipal", kNewPrincipalFields, kClosed);

constexpr Field kPrincipalPatchFields[] = {
    {"owner", &kIdShape, "Null: for nobody.", kNullable},
    {"groups", &kIdsShape, "All of them from then on."},
    {"display_name", &kDisplayName, "Null: none.", kNullable},
};
constexpr Shape kPrincipalPatch = object_of("PrincipalPatch", kPrincipalPatchFields, kClosed, 1);

constexpr Shape kBreakGlassMinutes = integer_of(1, identity::kBreakGlassLifeMaxMs / 60'000);
constexpr Shape kReason = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 120});
constexpr Field kOpenBreakGlassFields[] = {
    {"group", &kIdShape, "", kRequired},
    {"minutes", &kBreakGlassMinutes, "How long, from the moment it is in force.", kRequired},
    {"reason", &kReason, "For the record, and the alarm.", kRequired},
};
constexpr Shape kOpenBreakGlass = object_of("BreakGlass", kOpenBreakGlassFields, kClosed);

constexpr Field kResetAnswerFields[] = {
    {"principal", &kPrincipal, "", kRequired},
    {"key", &kIssuedKeyShape, "Absent in a repeated answer."},
};
constexpr Shape kResetAnswer = object_of("PrincipalReset", kResetAnswerFields);

constexpr Parameter kId{
    .name = "id", .in = Parameter::In::kPath, .shape = &kIdShape, .description = "The principal's name."};
constexpr Parameter kOne[] = {kId};
constexpr Parameter kOneAndGroup[] = {
    kId, {.name = "group", .in = Parameter::In::kPath, .shape = &kIdShape, .description = "The group's name."}};
constexpr Parameter kFilters[] = {
    {.name = "type", .shape = &kType, .description = "Of this type."},
    {.name = "tenant", .shape = &kTenantShape, .description = "Of this tenant."},
    {.name = "group", .shape = &kIdShape, .description = "In this group directly."},
    {.name = "owner", .shape = &kIdShape, .description = "Acting for this principal."},
    {.name = "enabled", .shape = &kBoolean, .description = "Those that are, or those that are not."},
    {.name = "deleted", .shape = &kBoolean, .description = "Those that were deleted, instead of those that were not."},
};

// ---- handlers

Result<Resource> principal_resource(Call& call) {
  const auto principal = find_principal(call, call.path_value("id"));
  if (!principal) return principal.error();
  return resource_of(*principal);
}

Result<Resource> list_resource(Call& call) {
  return tenant_resource(call.query_value("tenant").value_or(""));
}

Result<Answer> list(Call& call) {
  identity::PrincipalFilter filter{.tenant = call.query_value("tenant"),
                                   .group = call.query_value("group"),
                                   .owner = call.query_value("owner"),
                                   .enabled = call.query_flag("enabled"),
                                   .deleted = call.query_flag("deleted").value_or(false)};
  if (const auto type = call.query_value("type")) filter.type = identity::parse_principal_type(*type);
  const auto principals = identity::list_principals(call.services.engine.tables(), filter, call.arguments.page.after,
                                                    call.arguments.page.limit + 1);
  if (!principals) return principals.error();
  return list_answer(call, *principals, [](const Principal& p) { return p.id; }, write_principal);
}

Answer answer_with(const Principal& principal) {
  Answer out{.version = principal.version,
             .location = std::string(kPrefix) + "/principals/" + percent_encode(principal.id)};
  encoding::JsonWriter json(out.body);
  write_principal(json, principal);
  return out;
}

Result<Answer> get(Call& call) {
  const auto principal = find_principal(call, call.path_value("id"));
  if (!principal) return principal.error();
  return answer_with(*principal);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto principal = find_principal(call, change.id);
  if (!principal) return principal.error();
  return answer_with(*principal);
}

// To put somebody into a group, or take them out, is to change the group.
Result<> require_groups(Call& call, const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> changed;
  for (const std::string& id : before) {
    if (std::find(after.begin(), after.end(), id) == after.end()) changed.push_back(id);
  }
  for (const std::string& id : after) {
    if (std::find(before.begin(), before.end(), id) == before.end()) changed.push_back(id);
  }
  for (const std::string& id : changed) {
    const identity::Group* group = call.caller.identities.group(id);
    if (group == nullptr) return Error(Errc::kInvalidArgument, "there is no group `" + id + "`");
    if (auto permitted = call.require("changeIdentities", resource_of(*group)); !permitted) return permitted;
  }
  return {};
}

Result<Change> create(Call& call) {
  const Body& body = call.body;
  Principal wanted{.id = std::string(body.text("id")),
                   .type = identity::parse_principal_type(body.text("type")).value(),
                   .tenant = std::string(body.text("tenant")),
                   .owner = std::string(body.text("owner")),
                   .groups = body.texts("groups")};
  if (auto permitted = call.require(call.operation.action, tenant_resource(wanted.tenant)); !permitted) {
    return permitted.error();
  }
  if (auto permitted = require_groups(call, {}, wanted.groups); !permitted) return permitted.error();
  std::sort(wanted.groups.begin(), wanted.groups.end());
  if (body.has("display_name")) wanted.display_name = body.text("display_name");
  const auto there = identity::find_principal(call.services.engine.tables(), wanted.id);
  if (!there) return there.error();
  if (*there) return Error(Errc::kAlreadyExists, "there is a principal `" + wanted.id + "`, or there was one");
  wanted.version = call.services.engine.version_of(identity::principal_object(wanted.id));
  auto proposal = identity::propose_principal(wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), wanted.id);
}

// The principal of the path, unless it was deleted: then there is nothing that could change.
Result<Principal> present(Call& call) {
  auto principal = find_principal(call, call.path_value("id"));
  if (principal && principal->deleted) return Error(Errc::kNotFound, "`" + principal->id + "` was deleted");
  return principal;
}

Result<Change> patch(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  Principal wanted = *now;
  const Body& body = call.body;
  if (body.has("owner")) wanted.owner = body.text("owner");
  if (body.has("groups")) {
    wanted.groups = body.texts("groups");
    std::sort(wanted.groups.begin(), wanted.groups.end());
  }
  if (body.is_null("display_name")) {
    wanted.display_name.reset();
  } else if (body.has("display_name")) {
    wanted.display_name = body.text("display_name");
  }
  if (auto permitted = require_groups(call, now->groups, wanted.groups); !permitted) return permitted.error();
  auto proposal = identity::propose_change(*now, wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), now->id);
}

template <bool kEnabled>
Result<Change> set_enabled(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  return Change(identity::propose_enabled(*now, kEnabled), now->id);
}

Result<Change> remove(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  return Change(identity::propose_deletion(*now), now->id);
}

Result<Change> reset(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  identity::NewKey made = identity::make_key();
  auto proposal = identity::propose_reset(*now, wanted_key(call.body, made, now->id));
  if (!proposal) return proposal.error();
  Change change(*std::move(proposal), now->id);
  change.secret = std::move(made.secret);
  change.secret_of = std::move(made.id);
  return change;
}

Result<Answer> show_reset(Call& call, const Change& change) {
  const auto principal = find_principal(call, change.id);
  if (!principal) return principal.error();
  Answer out{.version = principal->version};
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.key("principal");
  write_principal(json, *principal);
  if (!change.secret.empty()) {
    const auto key = find_key(call, change.secret_of);
    if (!key) return key.error();
    json.key("key");
    write_issued_key(json, *key, change.secret);
  }
  json.end_object();
  return out;
}

Result<Change> open_break_glass(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  const std::string group(call.body.text("group"));
  if (auto permitted = require_groups(call, {}, {group}); !permitted) return permitted.error();
  const auto life_ms = static_cast<std::int64_t>(*call.body.integer("minutes")) * 60'000;
  auto proposal = identity::propose_break_glass(*now, group, life_ms, call.body.text("reason"));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), now->id);
}

Result<Change> end_break_glass(Call& call) {
  const auto now = present(call);
  if (!now) return now.error();
  const std::string& group = call.path_value("group");
  const bool open = std::any_of(now->break_glass.begin(), now->break_glass.end(),
                                [&](const identity::BreakGlass& glass) { return glass.group == group; });
  if (!open) return Error(Errc::kNotFound, "`" + now->id + "` is not in `" + group + "` by break-glass");
  return Change(identity::propose_break_glass_end(*now, group), now->id);
}

constexpr std::string_view kTag = "principals";
constexpr Operation kOperations[] = {
    {.id = "listPrincipals",
     .tag = kTag,
     .summary = "List principals",
     .description = "Needs the permission on the tenant when one is named, and else on the whole server. Recorded: it "
                    "shows names of persons.",
     .method = Method::kGet,
     .path = "/principals",
     .action = "readIdentities",
     .parameters = kFilters,
     .response = &kPrincipalList,
     .paged = true,
     .recorded = true,
     .resource = list_resource,
     .read = list},
    {.id = "createPrincipal",
     .tag = kTag,
     .summary = "Make a principal known",
     .method = Method::kPost,
     .path = "/principals",
     .action = "changeIdentities",
     .request = &kNewPrincipal,
     .response = &kPrincipal,
     .success = 201,
     .etag = true,
     .wish = create,
     .show = show},
    {.id = "getPrincipal",
     .tag = kTag,
     .summary = "Show a principal",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/principals/{id}",
     .action = "readIdentities",
     .parameters = kOne,
     .response = &kPrincipal,
     .etag = true,
     .recorded = true,
     .resource = principal_resource,
     .read = get},
    {.id = "updatePrincipal",
     .tag = kTag,
     .summary = "Change a principal's groups, owner or display name",
     .description = "A JSON merge patch (RFC 7396). Who is an administrator takes two persons.",
     .method = Method::kPatch,
     .path = "/principals/{id}",
     .action = "changeIdentities",
     .parameters = kOne,
     .request = &kPrincipalPatch,
     .response = &kPrincipal,
     .etag = true,
     .versioned = true,
     .resource = principal_resource,
     .wish = patch,
     .show = show},
    {.id = "deletePrincipal",
     .tag = kTag,
     .summary = "Delete a principal",
     .description = "Its keys are revoked. Its name stays taken: records name it.",
     .method = Method::kDelete,
     .path = "/principals/{id}",
     .action = "changeIdentities",
     .parameters = kOne,
     .success = 204,
     .versioned = true,
     .resource = principal_resource,
     .wish = remove},
    {.id = "enablePrincipal",
     .tag = kTag,
     .summary = "Let a principal's keys be good again",
     .method = Method::kPost,
     .path = "/principals/{id}/enable",
     .action = "changeIdentities",
     .parameters = kOne,
     .response = &kPrincipal,
     .etag = true,
     .versioned = true,
     .resource = principal_resource,
     .wish = set_enabled<true>,
     .show = show},
    {.id = "disablePrincipal",
     .tag = kTag,
     .summary = "Let no key of a principal be good",
     .method = Method::kPost,
     .path = "/principals/{id}/disable",
     .action = "changeIdentities",
     .parameters = kOne,
     .response = &kPrincipal,
     .etag = true,
     .versioned = true,
     .resource = principal_resource,
     .wish = set_enabled<false>,
     .show = show},
    {.id = "resetPrincipal",
     .tag = kTag,
     .summary = "Revoke all keys of a principal and issue one",
     .method = Method::kPost,
     .path = "/principals/{id}/reset",
     .action = "issueKeys",
     .parameters = kOne,
     .request = &kKeyOfShape,
     .response = &kResetAnswer,
     .etag = true,
     .versioned = true,
     .secret = true,
     .resource = principal_resource,
     .wish = reset,
     .show = show_reset},
    {.id = "openBreakGlass",
     .tag = kTag,
     .summary = "Put a principal into a group for some hours",
     .description = "Always takes two persons, of whom the second need not have been enrolled for a day; an alarm.",
     .method = Method::kPost,
     .path = "/principals/{id}/break-glass",
     .action = "changeIdentities",
     .parameters = kOne,
     .request = &kOpenBreakGlass,
     .response = &kPrincipal,
     .etag = true,
     .versioned = true,
     .resource = principal_resource,
     .wish = open_break_glass,
     .show = show},
    {.id = "endBreakGlass",
     .tag = kTag,
     .summary = "End such a membership early",
     .method = Method::kDelete,
     .path = "/principals/{id}/break-glass/{group}",
     .action = "changeIdentities",
     .parameters = kOneAndGroup,
     .success = 204,
     .versioned = true,
     .resource = principal_resource,
     .wish = end_break_glass},
};

}  // namespace

std::span<const Operation> principal_operations() {
  return kOperations;
}

void write_principal(encoding::JsonWriter& json, const Principal& principal) {
  json.begin_object();
  json.member("id", principal.id);
  json.member("type", identity::to_string(principal.type));
  if (!principal.tenant.empty()) json.member("tenant", principal.tenant);
  if (!principal.owner.empty()) json.member("owner", principal.owner);
  json.key("groups");
  json.begin_array();
  for (const std::string& group : principal.groups) json.value(group);
  json.end_array();
  if (!principal.break_glass.empty()) {
    json.key("break_glass");
    json.begin_array();
    for (const identity::BreakGlass& glass : principal.break_glass) {
      json.begin_object();
      json.member("group", glass.group);
      json.member("until", format_timestamp(glass.until));
      json.end_object();
    }
    json.end_array();
  }
  json.member("enabled", principal.enabled);
  if (principal.deleted) json.member("deleted", true);
  json.member("created", format_timestamp(principal.created));
  json.member("created_by", principal.created_by);
  if (principal.enrolled.value != 0) {
    json.member("enrolled", format_timestamp(principal.enrolled));
    json.member("enrolled_by", principal.enrolled_by);
  }
  if (principal.display_name) json.member("display_name", *principal.display_name);
  json.member("version", principal.version);
  json.end_object();
}

}  // namespace redoubt::admin
