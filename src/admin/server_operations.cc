#include "admin/server_operations.h"

#include "admin/call.h"
#include "admin/changes.h"
#include "admin/forms.h"
#include "admin/identity_lookup.h"
#include "admin/internal/awaiting.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "state/backup.h"

namespace redoubt::admin {
namespace {

using net::Method;

// ---- shapes

constexpr std::string_view kHealths[] = {"ok"};
constexpr Shape kHealthStatus = one_of(kHealths);
constexpr Field kHealthFields[] = {{"status", &kHealthStatus, "Anything else is a 503.", kRequired}};
constexpr Shape kHealth = object_of("Health", kHealthFields);

constexpr Shape kCount = integer_of(0, kIntegerMax);
constexpr Field kStateFields[] = {
    {"version", &kTextShape, "Of Redoubt.", kRequired},
    {"applied", &kIndexShape, "Index, in the system log, of the last fact in force; absent before the first."},
    {"queued", &kCount, "Changes that wait.", kRequired},
    {"replayed", &kCount, "Facts folded when it started.", kRequired},
    {"rebuilt", &kBoolean, "Whether the tables were made anew then.", kRequired},
    {"why_rebuilt", &kTextShape, "Why they were."},
    {"principals", &kCount, "", kRequired},
    {"groups", &kCount, "", kRequired},
    {"keys", &kCount, "That were not revoked.", kRequired},
    {"limits", &kCount, "", kRequired},
};
constexpr Shape kState = object_of("State", kStateFields);

constexpr Field kSnapshotFields[] = {
    {"fact", &kIndexShape, "Index, in the system log, of the fact that ends it.", kRequired},
    {"applied", &kIndexShape, "It holds the tables as they were after this fact.", kRequired},
    {"parts", &kCount, "Facts that hold rows.", kRequired},
};
constexpr Shape kSnapshot = object_of("Snapshot", kSnapshotFields);

constexpr Shape kRecipient =
    text_of({.kind = TextForm::Kind::kName, .min = 64, .max = 64, .first = "0-9a-f", .rest = "0-9a-f"});
constexpr Field kNewBackupFields[] = {
    {"recipient", &kRecipient, "SHA-256 of the public key that it is going to be sealed to.", kRequired},
};
constexpr Shape kNewBackup = object_of("NewBackup", kNewBackupFields, kClosed);
constexpr Field kBackupFields[] = {
    {"number", &kCount, "Of the backups that were begun.", kRequired},
    {"applied", &kIndexShape, "Index, in the system log, of the last fact in force: the backup has it.", kRequired},
};
constexpr Shape kBackup = object_of("Backup", kBackupFields);

constexpr Field kTenantFields[] = {
    {"id", &kTenantShape, "", kRequired},
    {"log", &kTextShape, "Origin of its log.", kRequired},
};
constexpr Shape kTenant = object_of("Tenant", kTenantFields);
constexpr Shape kTenantList = page_of<kTenant>("TenantList");

constexpr Shape kNames = list_of(kTextShape, 1000);
constexpr Field kCallerFields[] = {
    {"id", &kIdShape, "", kRequired},
    {"type", &kTextShape, "", kRequired},
    {"tenant", &kTenantShape, "Absent: of no tenant."},
    {"owner", &kIdShape, "Whom it acts for."},
    {"groups", &kNames, "In which it is now, directly or not.", kRequired},
    {"key", &kKeyIdShape, "Name of the key that was shown.", kRequired},
    {"scopes", &kNames, "What that is for; none: all that its holder may.", kRequired},
    {"expires", &kTimeShape, "When it ends; absent: never."},
};
constexpr Shape kCaller = object_of("Caller", kCallerFields);

constexpr Parameter kOneTenant[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kTenantShape, .description = "The tenant's name."}};
constexpr Parameter kChangesParameters[] = {
    {.name = "after", .shape = &kIndexShape, .description = "Index of the last change seen; absent: from now on."}};

// ---- handlers

Result<Answer> health(Call& call) {
  if (!call.services.engine.current()) return Error(Errc::kUnavailable, "the state is behind the ledger");
  return Answer{.body = R"({"status":"ok"})"};
}

Result<Answer> state(Call& call) {
  const state::Engine& engine = call.services.engine;
  const identity::Identities& identities = call.caller.identities;
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("version", call.services.version);
  if (const auto applied = engine.applied()) json.member("applied", *applied);
  json.member("queued", engine.queued());
  json.member("replayed", engine.start().replayed);
  json.member("rebuilt", engine.start().rebuilt);
  if (engine.start().rebuilt) json.member("why_rebuilt", engine.start().why_rebuilt);
  json.member("principals", identities.principals());
  json.member("groups", identities.groups());
  json.member("keys", identities.keys());
  json.member("limits", call.services.limits.snapshot().size());
  json.end_object();
  return out;
}

void write_tenant(encoding::JsonWriter& json, const TenantInfo& tenant) {
  json.begin_object();
  json.member("id", tenant.id);
  json.member("log", tenant.log);
  json.end_object();
}

Result<Answer> tenants(Call& call) {
  std::vector<TenantInfo> shown;
  for (const TenantInfo& tenant : call.services.tenants) {
    if (tenant.id > call.arguments.page.after && shown.size() <= call.arguments.page.limit) shown.push_back(tenant);
  }
  return list_answer(call, shown, [](const TenantInfo& tenant) { return tenant.id; }, write_tenant);
}

Result<Answer> tenant(Call& call) {
  for (const TenantInfo& tenant : call.services.tenants) {
    if (tenant.id != call.path_value("id")) continue;
    Answer out;
    encoding::JsonWriter json(out.body);
    write_tenant(json, tenant);
    return out;
  }
  return Error(Errc::kNotFound, "there is no tenant `" + call.path_value("id") + "`");
}

// Facts of the engine's own, so that the engine must be asked, and the caller is named in each.
net::Task<Result<Answer>> take_snapshot(Call& call) {
  const record::FactActor actor = actor_of(call);
  auto written = co_await internal::write_snapshot(call.services.io, call.services.engine, actor);
  if (!written) co_return written.error();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("fact", written->end);
  json.member("applied", written->applied);
  json.member("parts", written->parts);
  json.end_object();
  co_return out;
}

Result<Change> begin_backup(Call& call) {
  auto proposal =
      state::propose_backup_begin(call.body.text("recipient"), call.services.engine.version_of(state::kBackupsObject));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal));
}

Result<Answer> show_backup(Call& call, const Change&) {
  state::Engine& engine = call.services.engine;
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("number", engine.version_of(state::kBackupsObject));
  json.member("applied", engine.applied().value_or(0));
  json.end_object();
  return out;
}

Result<Resource> caller_resource(Call& call) {
  return resource_of(*call.caller.principal);
}

Result<Answer> caller(Call& call) {
  const identity::Principal& principal = *call.caller.principal;
  const identity::Key& key = *call.caller.key;
  Answer out;
  encoding::JsonWriter json(out.body);
  const auto write_names = [&](std::string_view member, const std::vector<std::string>& names) {
    json.key(member);
    json.begin_array();
    for (const std::string& name : names) json.value(name);
    json.end_array();
  };
  json.begin_object();
  json.member("id", principal.id);
  json.member("type", identity::to_string(principal.type));
  if (!principal.tenant.empty()) json.member("tenant", principal.tenant);
  if (!principal.owner.empty()) json.member("owner", principal.owner);
  write_names("groups", call.caller.identities.groups_of(principal, call.now));
  json.member("key", key.id);
  write_names("scopes", key.scopes);
  if (key.expires.value != 0) json.member("expires", format_timestamp(key.expires));
  json.end_object();
  return out;
}

constexpr std::string_view kTag = "server";
constexpr Operation kOperations[] = {
    {.id = "getHealth",
     .tag = kTag,
     .summary = "Whether changes can be made and decisions asked for",
     .method = Method::kGet,
     .path = "/health",
     .response = &kHealth,
     .read = health},
    {.id = "getDocument", .tag = kTag, .summary = "This document", .method = Method::kGet, .path = "/openapi.json"},
    {.id = "getState",
     .tag = kTag,
     .summary = "Show how the state stands",
     .method = Method::kGet,
     .path = "/state",
     .action = "readState",
     .response = &kState,
     .resource = server_resource,
     .read = state},
    {.id = "takeSnapshot",
     .tag = kTag,
     .summary = "Write the state into the ledger",
     .description = "As a row of facts, after which the state can be made anew without those before.",
     .method = Method::kPost,
     .path = "/state/snapshots",
     .action = "changeState",
     .response = &kSnapshot,
     .resource = server_resource,
     .perform = take_snapshot},
    {.id = "beginBackup",
     .tag = kTag,
     .summary = "Put on record that you take a backup of the state",
     .description = "Before it is taken: `redoubt state backup` does so, and takes none when it is refused.",
     .method = Method::kPost,
     .path = "/state/backups",
     .action = "changeState",
     .request = &kNewBackup,
     .response = &kBackup,
     .resource = server_resource,
     .wish = begin_backup,
     .show = show_backup},
    {.id = "getCaller",
     .tag = kTag,
     .summary = "Show who is calling",
     .method = Method::kGet,
     .path = "/caller",
     .action = "readIdentities",
     .response = &kCaller,
     .resource = caller_resource,
     .read = caller},
    {.id = "listTenants",
     .tag = kTag,
     .summary = "List tenants",
     .description = "They are configuration.",
     .method = Method::kGet,
     .path = "/tenants",
     .action = "readState",
     .response = &kTenantList,
     .paged = true,
     .resource = server_resource,
     .read = tenants},
    {.id = "getTenant",
     .tag = kTag,
     .summary = "Show a tenant",
     .method = Method::kGet,
     .path = "/tenants/{id}",
     .action = "readState",
     .parameters = kOneTenant,
     .response = &kTenant,
     .resource = server_resource,
     .read = tenant},
    {.id = "watchChanges",
     .tag = kTag,
     .summary = "Watch changes as they come",
     .description = "Server-sent events: `id` is the index of a fact in the system log, `event` its kind, `data` says "
                    "what changed. `Last-Event-ID` goes on where a stream was lost. A stream ends within an hour. "
                    "Recorded when it begins.",
     .method = Method::kGet,
     .path = "/changes",
     .action = "readState",
     .parameters = kChangesParameters,
     .media_type = "text/event-stream",
     .recorded = true,
     .resource = server_resource,
     .events = make_event_source<ChangeEvents>},
};

}  // namespace

std::span<const Operation> server_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
