#include "admin/key_operations.h"

#include <algorithm>

#include "admin/forms.h"
#include "admin/identity_lookup.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "identity/listing.h"
#include "identity/proposals.h"

namespace redoubt::admin {
namespace {

using identity::Key;
using net::Method;

// ---- shapes

constexpr Shape kScope =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "a-z", .rest = "a-z0-9._"});
constexpr Shape kScopes = list_of(kScope, identity::kScopesOfKeyMax, true);
constexpr Shape kModels = list_of(kModelNameShape, identity::kModelsOfKeyMax, true);
constexpr Shape kSecret =
    text_of({.kind = TextForm::Kind::kName, .min = 60, .max = 60, .first = "r", .rest = "A-Za-z0-9_-"});
constexpr Shape kOverlap = integer_of(0, 30 * 24 * 3600);

constexpr std::string_view kScopesText =
    "What it is for, `models.invoke`, `admin.read`…; none: all that its holder may.";
constexpr std::string_view kModelsText = "That it may invoke; none: all that its holder may.";

constexpr Field kKeyFields[] = {
    {"id", &kKeyIdShape, "Names the key; may be shown.", kRequired},
    {"principal", &kIdShape, "Its holder.", kRequired},
    {"scopes", &kScopes, kScopesText, kRequired},
    {"models", &kModels, kModelsText, kRequired},
    {"created", &kTimeShape, "", kRequired},
    {"created_by", &kTextShape, "Principal.", kRequired},
    {"expires", &kTimeShape, "From then on it is unknown; absent: never."},
    {"revoked", &kBoolean, "", kRequired},
    {"replaced_by", &kKeyIdShape, "The key that took its place."},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kKey = object_of("Key", kKeyFields);
constexpr Shape kKeyList = page_of<kKey>("KeyList");

constexpr Field kIssuedKeyFields[] = {
    {"key", &kKey, "", kRequired},
    {"secret", &kSecret, "The key itself, for its holder. Shown this once; absent in a repeated answer."},
};

constexpr Field kKeyOfFields[] = {
    {"scopes", &kScopes, kScopesText},
    {"models", &kModels, kModelsText},
    {"expires", &kTimeShape, "Absent: never."},
};

constexpr Field kNewKeyFields[] = {
    {"principal", &kIdShape, "Its holder.", kRequired},
    {"scopes", &kScopes, kScopesText},
    {"models", &kModels, kModelsText},
    {"expires", &kTimeShape, "Absent: never."},
};
constexpr Shape kNewKey = object_of("NewKey", kNewKeyFields, kClosed);

constexpr Field kRotationFields[] = {
    {"overlap_s", &kOverlap, "How long the old key stays good, in seconds; at most until its own end.", kRequired},
    {"expires", &kTimeShape, "Of the new key. One that replaces a key with an end needs one, and lives no longer."},
};
constexpr Shape kRotation = object_of("KeyRotation", kRotationFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kKeyIdShape, .description = "The key's name."}};
constexpr Parameter kFilters[] = {
    {.name = "principal", .shape = &kIdShape, .description = "Of this principal."},
    {.name = "revoked", .shape = &kBoolean, .description = "Those that are, or those that are not."},
};

// ---- handlers

// A key is its holder's: policies are asked about the holder.
Result<Resource> holder_resource(Call& call) {
  const auto key = find_key(call, call.path_value("id"));
  if (!key) return key.error();
  const auto holder = find_principal(call, key->principal);
  if (!holder) return holder.error();
  return resource_of(*holder);
}

Result<Resource> list_resource(Call& call) {
  const auto principal = call.query_value("principal");
  if (!principal) return kServer;
  const auto holder = find_principal(call, *principal);
  return holder ? resource_of(*holder) : kServer;
}

void write_key(encoding::JsonWriter& json, const Key& key) {
  const auto write_names = [&](std::string_view member, const std::vector<std::string>& names) {
    json.key(member);
    json.begin_array();
    for (const std::string& name : names) json.value(name);
    json.end_array();
  };
  json.begin_object();
  json.member("id", key.id);
  json.member("principal", key.principal);
  write_names("scopes", key.scopes);
  write_names("models", key.models);
  json.member("created", format_timestamp(key.created));
  json.member("created_by", key.created_by);
  if (key.expires.value != 0) json.member("expires", format_timestamp(key.expires));
  json.member("revoked", key.revoked);
  if (!key.replaced_by.empty()) json.member("replaced_by", key.replaced_by);
  json.member("version", key.version);
  json.end_object();
}

Result<Answer> list(Call& call) {
  const identity::KeyFilter filter{.principal = call.query_value("principal"), .revoked = call.query_flag("revoked")};
  const auto keys = identity::list_keys(call.services.engine.tables(), filter, call.arguments.page.after,
                                        call.arguments.page.limit + 1);
  if (!keys) return keys.error();
  return list_answer(call, *keys, [](const Key& key) { return key.id; }, write_key);
}

Answer answer_with(const Key& key) {
  Answer out{.version = key.version};
  encoding::JsonWriter json(out.body);
  write_key(json, key);
  return out;
}

Result<Answer> get(Call& call) {
  const auto key = find_key(call, call.path_value("id"));
  if (!key) return key.error();
  return answer_with(*key);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto key = find_key(call, change.id);
  if (!key) return key.error();
  return answer_with(*key);
}

Answer answer_with_secret(const Key& key, std::string_view secret) {
  Answer out{.version = key.version, .location = std::string(kPrefix) + "/keys/" + key.id};
  encoding::JsonWriter json(out.body);
  write_issued_key(json, key, secret);
  return out;
}

Result<Answer> show_issued(Call& call, const Change& change) {
  const auto key = find_key(call, change.id);
  if (!key) return key.error();
  return answer_with_secret(*key, change.secret);
}

// The fact is the old key's, and names the new one.
Result<Answer> show_rotated(Call& call, const Change& change) {
  const auto old = find_key(call, change.id);
  if (!old) return old.error();
  const auto key = find_key(call, old->replaced_by);
  if (!key) return key.error();
  return answer_with_secret(*key, change.secret);
}

Change with_secret(state::Proposal proposal, std::string id, identity::NewKey made) {
  Change change(std::move(proposal), std::move(id));
  change.secret = std::move(made.secret);
  change.secret_of = std::move(made.id);
  return change;
}

Result<> require_future(const Call& call) {
  const auto expires = call.body.time("expires");
  if (!expires || *expires > call.now) return {};
  return Error(Errc::kInvalidArgument, "`expires` is not in the future");
}

Result<Change> issue(Call& call) {
  const auto holder = find_principal(call, call.body.text("principal"));
  const Resource resource = holder ? resource_of(*holder) : kServer;
  if (auto permitted = call.require(call.operation.action, resource); !permitted) return permitted.error();
  if (!holder) return Error(Errc::kInvalidArgument, holder.error().message());
  if (auto future = require_future(call); !future) return future.error();
  identity::NewKey made = identity::make_key();
  auto proposal = identity::propose_key(wanted_key(call.body, made, holder->id));
  if (!proposal) return proposal.error();
  std::string id = made.id;
  return with_secret(*std::move(proposal), std::move(id), std::move(made));
}

Result<Change> rotate(Call& call) {
  const auto old = find_key(call, call.path_value("id"));
  if (!old) return old.error();
  if (auto future = require_future(call); !future) return future.error();
  identity::NewKey made = identity::make_key();
  const auto overlap_ms = static_cast<std::int64_t>(*call.body.integer("overlap_s")) * 1000;
  auto proposal = identity::propose_rotation(*old, made, call.body.time("expires").value_or(UnixMillis{}), overlap_ms);
  if (!proposal) return proposal.error();
  return with_secret(*std::move(proposal), old->id, std::move(made));
}

Result<Change> revoke(Call& call) {
  const auto key = find_key(call, call.path_value("id"));
  if (!key) return key.error();
  return Change(identity::propose_revocation(*key), key->id);
}

constexpr std::string_view kTag = "keys";
constexpr Operation kOperations[] = {
    {.id = "listKeys",
     .tag = kTag,
     .summary = "List keys",
     .description = "Needs the permission on the principal when one is named, and else on the whole server.",
     .method = Method::kGet,
     .path = "/keys",
     .action = "readIdentities",
     .parameters = kFilters,
     .response = &kKeyList,
     .paged = true,
     .resource = list_resource,
     .read = list},
    {.id = "issueKey",
     .tag = kTag,
     .summary = "Issue a key",
     .description = "A key for an administrator takes two persons: its secret is then in the answer that says so, and "
                    "good once the act was approved and applied.",
     .method = Method::kPost,
     .path = "/keys",
     .action = "issueKeys",
     .request = &kNewKey,
     .response = &kIssuedKeyShape,
     .success = 201,
     .etag = true,
     .secret = true,
     .wish = issue,
     .show = show_issued},
    {.id = "getKey",
     .tag = kTag,
     .summary = "Show a key, without its secret",
     .method = Method::kGet,
     .path = "/keys/{id}",
     .action = "readIdentities",
     .parameters = kOne,
     .response = &kKey,
     .etag = true,
     .resource = holder_resource,
     .read = get},
    {.id = "rotateKey",
     .tag = kTag,
     .summary = "Replace a key",
     .description = "The new key is for the same holder and the same things. The answer is about it.",
     .method = Method::kPost,
     .path = "/keys/{id}/rotate",
     .action = "issueKeys",
     .parameters = kOne,
     .request = &kRotation,
     .response = &kIssuedKeyShape,
     .success = 201,
     .etag = true,
     .versioned = true,
     .secret = true,
     .resource = holder_resource,
     .wish = rotate,
     .show = show_rotated},
    {.id = "revokeKey",
     .tag = kTag,
     .summary = "Revoke a key",
     .description = "When the answer comes it is good on no core any more.",
     .method = Method::kPost,
     .path = "/keys/{id}/revoke",
     .action = "revokeKeys",
     .parameters = kOne,
     .response = &kKey,
     .etag = true,
     .versioned = true,
     .resource = holder_resource,
     .wish = revoke,
     .show = show},
};

}  // namespace

constexpr Shape kKeyOfShape = object_of("KeyTerms", kKeyOfFields, kClosed);
constexpr Shape kIssuedKeyShape = object_of("IssuedKey", kIssuedKeyFields);

std::span<const Operation> key_operations() {
  return kOperations;
}

identity::Key wanted_key(const Body& body, const identity::NewKey& made, std::string principal) {
  Key wanted{.id = made.id,
             .principal = std::move(principal),
             .scopes = body.texts("scopes"),
             .models = body.texts("models"),
             .digest = made.digest,
             .expires = body.time("expires").value_or(UnixMillis{})};
  std::sort(wanted.scopes.begin(), wanted.scopes.end());
  std::sort(wanted.models.begin(), wanted.models.end());
  return wanted;
}

void write_issued_key(encoding::JsonWriter& json, const Key& key, std::string_view secret) {
  json.begin_object();
  json.key("key");
  write_key(json, key);
  if (!secret.empty()) json.member("secret", secret);
  json.end_object();
}

}  // namespace redoubt::admin
