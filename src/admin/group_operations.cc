#include "admin/group_operations.h"

#include <algorithm>

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/identity_lookup.h"
#include "admin/router.h"
#include "admin/services.h"
#include "identity/listing.h"
#include "identity/proposals.h"

namespace redoubt::admin {
namespace {

using identity::Group;
using net::Method;

// ---- shapes

constexpr Shape kParents = list_of(kIdShape, identity::kParentsOfGroupMax, true);

constexpr Field kGroupFields[] = {
    {"id", &kIdShape, "", kRequired},
    {"tenant", &kTenantShape, "Whose members alone may be in it; absent: anyone."},
    {"parents", &kParents, "Groups that it is in: whoever is in it is in them.", kRequired},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kGroup = object_of("Group", kGroupFields);
constexpr Shape kGroupList = page_of<kGroup>("GroupList");

constexpr Field kNewGroupFields[] = {
    {"id", &kIdShape, "", kRequired},
    {"tenant", &kTenantShape, "Never changes."},
    {"parents", &kParents, "Each must permit the caller to change it."},
};
constexpr Shape kNewGroup = object_of("NewGroup", kNewGroupFields, kClosed);

constexpr Field kGroupPatchFields[] = {{"parents", &kParents, "All of them from then on.", kRequired}};
constexpr Shape kGroupPatch = object_of("GroupPatch", kGroupPatchFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIdShape, .description = "The group's name."}};
constexpr Parameter kFilters[] = {
    {.name = "tenant", .shape = &kTenantShape, .description = "Of this tenant."},
    {.name = "parent", .shape = &kIdShape, .description = "In this group directly."},
};

// ---- handlers

Result<Resource> group_resource(Call& call) {
  const auto group = find_group(call, call.path_value("id"));
  if (!group) return group.error();
  return resource_of(*group);
}

Result<Resource> list_resource(Call& call) {
  return tenant_resource(call.query_value("tenant").value_or(""));
}

void write_group(encoding::JsonWriter& json, const Group& group) {
  json.begin_object();
  json.member("id", group.id);
  if (!group.tenant.empty()) json.member("tenant", group.tenant);
  json.key("parents");
  json.begin_array();
  for (const std::string& parent : group.parents) json.value(parent);
  json.end_array();
  json.member("version", group.version);
  json.end_object();
}

Result<Answer> list(Call& call) {
  const identity::GroupFilter filter{.tenant = call.query_value("tenant"), .parent = call.query_value("parent")};
  const auto groups = identity::list_groups(call.services.engine.tables(), filter, call.arguments.page.after,
                                            call.arguments.page.limit + 1);
  if (!groups) return groups.error();
  return list_answer(call, *groups, [](const Group& group) { return group.id; }, write_group);
}

Answer answer_with(const Group& group) {
  Answer out{.version = group.version, .location = std::string(kPrefix) + "/groups/" + percent_encode(group.id)};
  encoding::JsonWriter json(out.body);
  write_group(json, group);
  return out;
}

Result<Answer> get(Call& call) {
  const auto group = find_group(call, call.path_value("id"));
  if (!group) return group.error();
  return answer_with(*group);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto group = find_group(call, change.id);
  if (!group) return group.error();
  return answer_with(*group);
}

// Whoever puts a group into another changes who is in that.
Result<> require_parents(Call& call, const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> changed;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(changed));
  for (const std::string& id : changed) {
    const Group* parent = call.caller.identities.group(id);
    if (parent == nullptr) return Error(Errc::kInvalidArgument, "there is no group `" + id + "`");
    if (auto permitted = call.require("changeIdentities", resource_of(*parent)); !permitted) return permitted;
  }
  return {};
}

Result<Change> create(Call& call) {
  Group wanted{.id = std::string(call.body.text("id")),
               .tenant = std::string(call.body.text("tenant")),
               .parents = call.body.texts("parents")};
  std::sort(wanted.parents.begin(), wanted.parents.end());
  if (auto permitted = call.require(call.operation.action, tenant_resource(wanted.tenant)); !permitted) {
    return permitted.error();
  }
  if (auto permitted = require_parents(call, {}, wanted.parents); !permitted) return permitted.error();
  if (find_group(call, wanted.id)) return Error(Errc::kAlreadyExists, "there is a group `" + wanted.id + "`");
  wanted.version = call.services.engine.version_of(identity::group_object(wanted.id));
  auto proposal = identity::propose_group(wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), wanted.id);
}

Result<Change> patch(Call& call) {
  const auto now = find_group(call, call.path_value("id"));
  if (!now) return now.error();
  Group wanted = *now;
  wanted.parents = call.body.texts("parents");
  std::sort(wanted.parents.begin(), wanted.parents.end());
  if (auto permitted = require_parents(call, now->parents, wanted.parents); !permitted) return permitted.error();
  auto proposal = identity::propose_group_change(*now, wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), now->id);
}

Result<Change> remove(Call& call) {
  const auto now = find_group(call, call.path_value("id"));
  if (!now) return now.error();
  return Change(identity::propose_group_deletion(*now), now->id);
}

constexpr std::string_view kTag = "groups";
constexpr Operation kOperations[] = {
    {.id = "listGroups",
     .tag = kTag,
     .summary = "List groups",
     .method = Method::kGet,
     .path = "/groups",
     .action = "readIdentities",
     .parameters = kFilters,
     .response = &kGroupList,
     .paged = true,
     .resource = list_resource,
     .read = list},
    {.id = "createGroup",
     .tag = kTag,
     .summary = "Make a group",
     .method = Method::kPost,
     .path = "/groups",
     .action = "changeIdentities",
     .request = &kNewGroup,
     .response = &kGroup,
     .success = 201,
     .etag = true,
     .wish = create,
     .show = show},
    {.id = "getGroup",
     .tag = kTag,
     .summary = "Show a group",
     .method = Method::kGet,
     .path = "/groups/{id}",
     .action = "readIdentities",
     .parameters = kOne,
     .response = &kGroup,
     .etag = true,
     .resource = group_resource,
     .read = get},
    {.id = "updateGroup",
     .tag = kTag,
     .summary = "Change which groups a group is in",
     .description = "A JSON merge patch (RFC 7396).",
     .method = Method::kPatch,
     .path = "/groups/{id}",
     .action = "changeIdentities",
     .parameters = kOne,
     .request = &kGroupPatch,
     .response = &kGroup,
     .etag = true,
     .versioned = true,
     .resource = group_resource,
     .wish = patch,
     .show = show},
    {.id = "deleteGroup",
     .tag = kTag,
     .summary = "Delete a group",
     .description = "Nobody may be in it.",
     .method = Method::kDelete,
     .path = "/groups/{id}",
     .action = "changeIdentities",
     .parameters = kOne,
     .success = 204,
     .versioned = true,
     .resource = group_resource,
     .wish = remove},
};

}  // namespace

std::span<const Operation> group_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
