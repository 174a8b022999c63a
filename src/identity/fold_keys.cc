#include <algorithm>
#include <functional>
#include <utility>

#include "identity/api_key.h"
#include "identity/internal/bodies.h"
#include "identity/internal/fold.h"
#include "identity/internal/key_rows.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

// A principal's keys that are not revoked, and those of them that have expired: they make room for a new one.
struct Held {
  std::int64_t all = 0;
  std::int64_t expired = 0;
};
Held held_keys(state::Tables& tables, std::string_view principal, UnixMillis now) {
  Held held;
  each_key(tables, principal, [&](const state::Row& key) {
    ++held.all;
    if (has_expired(key, now)) ++held.expired;
  });
  return held;
}

// Revokes those of the principal's keys that are not yet and that `which` is true of: how many these are.
std::size_t revoke_if(state::Tables& tables, std::string_view principal, std::uint64_t index,
                      const std::function<bool(const state::Row&)>& which) {
  std::vector<std::string> ids;
  each_key(tables, principal, [&](const state::Row& key) {
    if (which(key)) ids.emplace_back(key.text(KeyColumn::kId));
  });
  for (const std::string& id : ids) {
    (void)tables.change("identity_keys", {id}, {{KeyColumn::kRevoked, index + 1}});
  }
  return ids.size();
}

Result<> check_holder(state::Tables& tables, const std::string& principal) {
  const state::Row* row = tables.find("identity_principals", {principal});
  if (row != nullptr && row->integer(PrincipalColumn::kDeleted) == 0) return {};
  return Error(Errc::kNotFound, "there is no principal `" + principal + "`");
}

// The key that a fact makes. `version` is 0 where the fact is about something else.
Key made_by(const state::FoldedFact& fact, KeyBody body, std::uint64_t version) {
  return {.id = std::move(body.id),
          .principal = std::move(body.principal),
          .scopes = std::move(body.scopes),
          .models = std::move(body.models),
          .digest = body.digest,
          .created = fact.fact.time,
          .created_by = {},
          .expires = body.expires,
          .replaced_by = {},
          .version = version};
}

Result<Key> good_key(state::Tables& tables, const std::string& id) {
  auto key = any_key(tables, id);
  if (!key) return Error(Errc::kNotFound, "there is no key `" + id + "`");
  if (key->revoked) return Error(Errc::kInvalidArgument, "the key `" + id + "` is revoked");
  return *std::move(key);
}

}  // namespace

Result<> check_new_key(state::Tables& tables, const Key& key) {
  if (tables.find("identity_keys", {key.id}) != nullptr) {
    return Error(Errc::kAlreadyExists, "there is a key `" + key.id + "` already");
  }
  if (key.expired(key.created)) return Error(Errc::kInvalidArgument, "the key would have expired already");
  return {};
}

Result<std::int64_t> room_for_key(state::Tables& tables, const Key& key) {
  const Held held = held_keys(tables, key.principal, key.created);
  if (held.all - held.expired >= static_cast<std::int64_t>(kKeysOfPrincipalMax)) {
    return Error(Errc::kResourceExhausted,
                 "`" + key.principal + "` has " + std::to_string(kKeysOfPrincipalMax) + " keys");
  }
  if (count_of(tables, Counted::kKeys) - static_cast<std::size_t>(held.expired) >= kKeysMax) {
    return Error(Errc::kResourceExhausted, "there are " + std::to_string(kKeysMax) + " keys");
  }
  return held.expired;
}

void insert_key(state::Tables& tables, const Key& key, const Author& author, std::int64_t expired,
                std::uint64_t index) {
  add_to_count(tables, Counted::kKeys, 1 - expired);
  if (expired > 0) {
    revoke_if(tables, key.principal, index, [&](const state::Row& row) { return has_expired(row, key.created); });
  }
  constexpr int kRevoked = 0;
  tables.put("identity_keys",
             {key.id, key.principal, ByteView(key.digest), join(key.scopes), join(key.models), key.created.value,
              author.principal, author.persons.joined(), key.expires.value, kRevoked, "", key.version});
  if (author.principal == key.principal) return;
  (void)tables.change(
      "identity_principals", {key.principal},
      {{PrincipalColumn::kEnrolled, key.created.value}, {PrincipalColumn::kEnrolledBy, author.principal}});
}

void revoke_keys(state::Tables& tables, std::string_view principal, std::uint64_t index) {
  const std::size_t revoked = revoke_if(tables, principal, index, [](const state::Row&) { return true; });
  add_to_count(tables, Counted::kKeys, -static_cast<std::int64_t>(revoked));
}

Result<> fold_key_issue(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kKeyPrefixOfObjects);
  if (!id) return id.error();
  if (!is_key_id(*id)) return Error(Errc::kInvalidArgument, "a key's id has 12 of a-z and 0-9, not `" + *id + "`");
  auto body = read_key(fact.body);
  if (!body) return body.error();
  body->id = *id;
  if (auto checked = check_holder(tables, body->principal); !checked) return checked.error();
  const Key key = made_by(fact, *std::move(body), next_version(fact));
  if (auto checked = check_new_key(tables, key); !checked) return checked.error();
  const auto expired = room_for_key(tables, key);
  if (!expired) return expired.error();
  insert_key(tables, key, author_of(tables, fact.fact), *expired, fact.index);
  return {};
}

Result<> fold_key_rotate(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kKeyPrefixOfObjects);
  if (!id) return id.error();
  const auto body = read_rotation(fact.body);
  if (!body) return body.error();
  const auto old = good_key(tables, *id);
  if (!old) return old.error();
  const UnixMillis now = fact.fact.time;
  if (old->expired(now)) return Error(Errc::kInvalidArgument, "the key `" + *id + "` has expired");
  if (!old->replaced_by.empty()) return Error(Errc::kInvalidArgument, "the key `" + *id + "` is replaced already");
  if (old->expires.value != 0 &&
      (body->expires.value == 0 || body->expires.value - now.value > old->expires.value - old->created.value)) {
    return Error(Errc::kInvalidArgument, "the new key would live longer than the old one");
  }
  const Key key = made_by(fact,
                          {.id = body->id,
                           .principal = old->principal,
                           .digest = body->digest,
                           .scopes = old->scopes,
                           .models = old->models,
                           .expires = body->expires},
                          0);
  if (auto checked = check_new_key(tables, key); !checked) return checked.error();
  const auto expired = room_for_key(tables, key);
  if (!expired) return expired.error();
  const Author author = author_of(tables, fact.fact);
  const std::int64_t end = now.value + body->overlap_ms;
  const bool ends_now = body->overlap_ms == 0;
  (void)tables.change("identity_keys", {*id},
                      {{KeyColumn::kExpires, old->expires.value == 0 ? end : std::min(old->expires.value, end)},
                       {KeyColumn::kReplacedBy, key.id},
                       {KeyColumn::kVersion, next_version(fact)}});
  insert_key(tables, key, author, *expired + (ends_now ? 1 : 0), fact.index);
  return {};
}

Result<> fold_key_revoke(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kKeyPrefixOfObjects);
  if (!id) return id.error();
  if (auto body = read_empty(fact.body); !body) return body.error();
  if (const auto key = good_key(tables, *id); !key) return key.error();
  add_to_count(tables, Counted::kKeys, -1);
  (void)tables.change("identity_keys", {*id},
                      {{KeyColumn::kRevoked, fact.index + 1}, {KeyColumn::kVersion, next_version(fact)}});
  return {};
}

Result<> fold_principal_reset(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kPrincipalPrefix);
  if (!id) return id.error();
  auto body = read_reset(fact.body);
  if (!body) return body.error();
  body->principal = *id;
  if (auto checked = check_holder(tables, *id); !checked) return checked.error();
  const Key key = made_by(fact, *std::move(body), 0);
  if (auto checked = check_new_key(tables, key); !checked) return checked.error();
  const Author author = author_of(tables, fact.fact);  // before its keys are revoked: it may be its own
  revoke_keys(tables, *id, fact.index);
  insert_key(tables, key, author, 0, fact.index);
  set_version(fact, tables, *id);
  return {};
}

}  // namespace redoubt::identity::internal
