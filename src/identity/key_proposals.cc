#include <utility>

#include "identity/approvals.h"
#include "identity/internal/bodies.h"
#include "identity/internal/rows.h"
#include "identity/internal/shown.h"
#include "identity/internal/wish.h"
#include "identity/proposals.h"

namespace redoubt::identity {

using internal::checked;
using internal::checked_list;
using internal::wrong;
using record::FactVerb;

namespace {

Result<> check_end(UnixMillis expires) {
  if (expires.value < 0) return wrong("a key does not end before 1970; 0 is never");
  return {};
}

// The key as it would be, with its lists as bodies have them.
Result<Key> checked_key(const Key& wanted) {
  if (!is_key_id(wanted.id)) return wrong("a key's id has 12 of a-z and 0-9");
  if (!is_principal_id(wanted.principal)) return wrong("`" + wanted.principal + "` is no principal's id");
  if (auto done = check_end(wanted.expires); !done) return done.error();
  auto scopes = checked_list("scope", wanted.scopes, kScopesOfKeyMax, internal::is_scope);
  if (!scopes) return scopes.error();
  auto models = checked_list("model's name", wanted.models, kModelsOfKeyMax, internal::is_model);
  if (!models) return models.error();
  Key key = wanted;
  key.scopes = *std::move(scopes);
  key.models = *std::move(models);
  key.revoked = false;
  return key;
}

internal::KeyBody body_of(const Key& key) {
  return {.id = key.id,
          .principal = key.principal,
          .digest = key.digest,
          .scopes = key.scopes,
          .models = key.models,
          .expires = key.expires};
}

}  // namespace

std::string key_object(std::string_view id) {
  return std::string(internal::kKeyPrefixOfObjects).append(id);
}

Result<state::Proposal> propose_key(const Key& wanted) {
  const auto key = checked_key(wanted);
  if (!key) return key.error();
  return checked({.kind = "identity.key.issue",
                  .verb = FactVerb::kCreate,
                  .object = key_object(key->id),
                  .body = internal::write_key(body_of(*key)),
                  .after = internal::shown(*key)});
}

Result<state::Proposal> propose_rotation(const Key& old, const NewKey& made, UnixMillis expires,
                                         std::int64_t overlap_ms) {
  if (!is_key_id(made.id)) return wrong("a key's id has 12 of a-z and 0-9");
  if (auto done = check_end(expires); !done) return done.error();
  if (overlap_ms < 0 || overlap_ms > kOverlapMaxMs) return wrong("the old key stays good for 0 to 30 days");
  Key after = old;
  after.id = made.id;
  after.expires = expires;
  return checked({.kind = "identity.key.rotate",
                  .verb = FactVerb::kUpdate,
                  .object = key_object(old.id),
                  .expects = old.version,
                  .body = write(internal::RotationBody{
                      .id = made.id, .digest = made.digest, .expires = expires, .overlap_ms = overlap_ms}),
                  .before = internal::shown(old),
                  .after = internal::shown(after)});
}

state::Proposal propose_revocation(const Key& key) {
  Key after = key;
  after.revoked = true;
  return {.kind = "identity.key.revoke",
          .verb = FactVerb::kDisable,
          .object = key_object(key.id),
          .expects = key.version,
          .before = internal::shown(key),
          .after = internal::shown(after)};
}

Result<state::Proposal> propose_reset(const Principal& now, const Key& wanted) {
  Key of_principal = wanted;
  of_principal.principal = now.id;
  const auto key = checked_key(of_principal);
  if (!key) return key.error();
  return checked({.kind = "identity.principal.reset",
                  .verb = FactVerb::kUpdate,
                  .object = principal_object(now.id),
                  .expects = now.version,
                  .body = internal::write_reset(body_of(*key)),
                  .before = internal::shown(now),
                  .after = internal::shown(*key)});
}

Result<state::Proposal> propose_genesis(const Genesis& genesis) {
  internal::GenesisBody body;
  if (genesis.first.size() > kGenesisMax) return wrong("the first fact makes at most 64 principals");
  std::size_t administrators = 0;
  for (const Genesis::First& first : genesis.first) {
    if (!is_principal_id(first.principal)) {
      return wrong("a principal's id has 1 to 64 letters, digits, `.`, `_` or `-` and is not `init` or `redoubt`: `" +
                   first.principal + "` is none");
    }
    if (!is_key_id(first.key_id)) return wrong("a key's id has 12 of a-z and 0-9");
    if (!is_identity_name(first.group)) return wrong("`" + first.group + "` is no group's id");
    if (!first.tenant.empty() && !internal::is_tenant(first.tenant)) {
      return wrong("`" + first.tenant + "` is no tenant's name");
    }
    auto models = checked_list("model's name", first.models, kModelsOfKeyMax, internal::is_model);
    if (!models) return models.error();
    if (first.group == kAdministrators) ++administrators;
    body.first.push_back({.principal = first.principal,
                          .type = first.type,
                          .group = first.group,
                          .tenant = first.tenant,
                          .key = first.key_id,
                          .digest = first.key_digest,
                          .models = *std::move(models)});
  }
  if (administrators < 2) return wrong("there are two administrators at least");
  auto acts = checked_list("act that can need two persons", genesis.marked_acts, kMarkedActsMax, internal::is_act);
  if (!acts) return acts.error();
  body.marked_acts = *std::move(acts);
  return checked(
      {.kind = "identity.genesis",
       .verb = FactVerb::kCreate,
       .object = std::string(internal::kGenesisObject),
       .body = write(body),
       .actor = {
           .principal = std::string(kInitActor), .credential = {}, .on_behalf_of = {}, .method = {}, .strength = 0}});
}

}  // namespace redoubt::identity
