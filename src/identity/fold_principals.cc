#include <algorithm>

#include "identity/internal/bodies.h"
#include "identity/internal/fold.h"
#include "identity/internal/key_rows.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

constexpr std::string_view kDisplayNameField = "display_name";

Result<Principal> principal_of(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kPrincipalPrefix);
  if (!id) return id.error();
  auto found = live_principal(tables, *id);
  if (!found) return Error(Errc::kNotFound, "there is no principal `" + *id + "`");
  return *std::move(found);
}

Result<> check_owner(state::Tables& tables, const Principal& principal) {
  if (principal.owner.empty()) return {};
  if (principal.type != PrincipalType::kApplication && principal.type != PrincipalType::kAgent) {
    return Error(Errc::kInvalidArgument, "only applications and agents act for somebody");
  }
  const auto owner = live_principal(tables, principal.owner);
  if (!owner) return Error(Errc::kNotFound, "there is no principal `" + principal.owner + "`");
  if (owner->type != PrincipalType::kUser && owner->type != PrincipalType::kServiceAccount) {
    return Error(Errc::kInvalidArgument, "whoever is acted for is a user or a service account");
  }
  if (!owner->tenant.empty() && owner->tenant != principal.tenant) {
    return Error(Errc::kInvalidArgument, "`" + principal.owner + "` is of another tenant");
  }
  return {};
}

Result<> check_membership(state::Tables& tables, const Principal& principal, const std::string& group) {
  const auto found = live_group(tables, group);
  if (!found) return Error(Errc::kNotFound, "there is no group `" + group + "`");
  if (!found->tenant.empty() && found->tenant != principal.tenant) {
    return Error(Errc::kInvalidArgument, "the group `" + group + "` is another tenant's");
  }
  if (group == kAdministrators && (principal.type != PrincipalType::kUser || !principal.tenant.empty())) {
    return Error(Errc::kInvalidArgument, "administrators are users of no tenant");
  }
  return {};
}

Result<> check_memberships(state::Tables& tables, const Principal& principal) {
  for (const std::string& group : principal.groups) {
    if (auto checked = check_membership(tables, principal, group); !checked) return checked.error();
  }
  return {};
}

// INVARIANT: there is an enabled administrator.
Result<> check_not_last_administrator(state::Tables& tables, const Principal& principal) {
  if (!principal.enabled || !std::binary_search(principal.groups.begin(), principal.groups.end(), kAdministrators)) {
    return {};
  }
  if (tables.integer("SELECT 1 FROM identity_members JOIN identity_principals ON id = principal "
                     "WHERE grp = ?1 AND principal <> ?2 AND enabled = 1 LIMIT 1",
                     {kAdministrators, principal.id})) {
    return {};
  }
  return Error(Errc::kInvalidArgument, "`" + principal.id + "` is the last enabled administrator");
}

void insert_members(state::Tables& tables, const Principal& principal) {
  for (const std::string& group : principal.groups) tables.put("identity_members", {principal.id, group});
}

void erase_members(state::Tables& tables, const Principal& principal) {
  for (const std::string& group : principal.groups) tables.erase("identity_members", {principal.id, group});
}

void set_display_name(const state::FoldedFact& fact, state::Tables& tables, const std::string& id) {
  (void)tables.change("identity_principals", {id},
                      {{PrincipalColumn::kDisplayName, fact.value(kDisplayNameField)},
                       {PrincipalColumn::kDisplayNameFrom, fact.index}});
}

Result<> check_display_name(const state::FoldedFact& fact) {
  const auto& committed = fact.fact.commitments;
  if (std::any_of(committed.begin(), committed.end(), [](const auto& one) { return one.first == kDisplayNameField; })) {
    return {};
  }
  return Error(Errc::kInvalidArgument, "the fact commits to no display name");
}

void set_enabled(const state::FoldedFact& fact, state::Tables& tables, const std::string& id, bool enabled) {
  (void)tables.change("identity_principals", {id},
                      {{PrincipalColumn::kEnabled, enabled}, {PrincipalColumn::kVersion, next_version(fact)}});
}

}  // namespace

void insert_principal(state::Tables& tables, std::string_view id, PrincipalType type, std::string_view tenant,
                      std::string_view owner, UnixMillis created, std::string_view created_by, std::uint64_t version) {
  constexpr int kEnabled = 1;
  constexpr int kDeleted = 0;
  constexpr int kEnrolled = 0;
  tables.put("identity_principals", {id, static_cast<int>(type), tenant, owner, kEnabled, kDeleted, created.value,
                                     created_by, kEnrolled, "", std::nullopt, std::nullopt, version});
}

void set_version(const state::FoldedFact& fact, state::Tables& tables, std::string_view id) {
  (void)tables.change("identity_principals", {id}, {{PrincipalColumn::kVersion, next_version(fact)}});
}

Result<> fold_principal_create(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kPrincipalPrefix);
  if (!id) return id.error();
  if (!is_principal_id(*id)) {
    return Error(Errc::kInvalidArgument,
                 "a principal's id has 1 to 64 letters, digits, `.`, `_` or `-`, and is not taken by Redoubt, as `" +
                     *id + "` is");
  }
  const auto body = read_principal(fact.body);
  if (!body) return body.error();
  if (const state::Row* other = tables.find("identity_principals", {*id})) {
    return Error(Errc::kAlreadyExists, other->integer(PrincipalColumn::kDeleted) != 0
                                           ? "there was a principal `" + *id + "`, and records name it: take another id"
                                           : "there is a principal `" + *id + "` already");
  }
  if (count_of(tables, Counted::kPrincipals) >= kPrincipalsMax) {
    return Error(Errc::kResourceExhausted, "there are " + std::to_string(kPrincipalsMax) + " principals");
  }
  Principal principal;
  principal.id = *id;
  principal.type = body->type;
  principal.tenant = body->tenant;
  principal.owner = body->owner;
  principal.groups = body->groups;
  if (auto checked = check_owner(tables, principal); !checked) return checked.error();
  if (auto checked = check_memberships(tables, principal); !checked) return checked.error();
  if (body->display_name) {
    if (auto checked = check_display_name(fact); !checked) return checked.error();
  }

  insert_principal(tables, *id, body->type, body->tenant, body->owner, fact.fact.time,
                   author_of(tables, fact.fact).principal, next_version(fact));
  insert_members(tables, principal);
  if (body->display_name) set_display_name(fact, tables, *id);
  add_to_count(tables, Counted::kPrincipals, 1);
  return {};
}

Result<> fold_principal_update(const state::FoldedFact& fact, state::Tables& tables) {
  const auto body = read_principal_change(fact.body);
  if (!body) return body.error();
  auto found = principal_of(fact, tables);
  if (!found) return found.error();
  Principal changed = *found;
  changed.owner = body->owner;
  changed.groups = body->groups;
  if (auto checked = check_owner(tables, changed); !checked) return checked.error();
  if (auto checked = check_memberships(tables, changed); !checked) return checked.error();
  if (!std::binary_search(changed.groups.begin(), changed.groups.end(), kAdministrators)) {
    if (auto checked = check_not_last_administrator(tables, *found); !checked) return checked.error();
  }
  if (body->display_name == DisplayName::kSet) {
    if (auto checked = check_display_name(fact); !checked) return checked.error();
  }

  (void)tables.change("identity_principals", {changed.id},
                      {{PrincipalColumn::kOwner, changed.owner}, {PrincipalColumn::kVersion, next_version(fact)}});
  erase_members(tables, *found);
  insert_members(tables, changed);
  if (body->display_name == DisplayName::kSet) set_display_name(fact, tables, changed.id);
  if (body->display_name == DisplayName::kRemove) {
    (void)tables.change(
        "identity_principals", {changed.id},
        {{PrincipalColumn::kDisplayName, std::nullopt}, {PrincipalColumn::kDisplayNameFrom, std::nullopt}});
  }
  return {};
}

Result<> fold_principal_enable(const state::FoldedFact& fact, state::Tables& tables) {
  if (auto body = read_empty(fact.body); !body) return body.error();
  const auto found = principal_of(fact, tables);
  if (!found) return found.error();
  if (found->enabled) return Error(Errc::kInvalidArgument, "`" + found->id + "` is enabled already");
  set_enabled(fact, tables, found->id, true);
  return {};
}

Result<> fold_principal_disable(const state::FoldedFact& fact, state::Tables& tables) {
  if (auto body = read_empty(fact.body); !body) return body.error();
  const auto found = principal_of(fact, tables);
  if (!found) return found.error();
  if (!found->enabled) return Error(Errc::kInvalidArgument, "`" + found->id + "` is disabled already");
  if (auto checked = check_not_last_administrator(tables, *found); !checked) return checked.error();
  set_enabled(fact, tables, found->id, false);
  return {};
}

Result<> fold_principal_delete(const state::FoldedFact& fact, state::Tables& tables) {
  if (auto body = read_empty(fact.body); !body) return body.error();
  const auto found = principal_of(fact, tables);
  if (!found) return found.error();
  if (auto checked = check_not_last_administrator(tables, *found); !checked) return checked.error();
  if (const auto other =
          tables.text("SELECT id FROM identity_principals WHERE owner = ?1 AND owner <> '' LIMIT 1", {found->id})) {
    return Error(Errc::kInvalidArgument, "`" + *other + "` acts for `" + found->id + "`");
  }
  revoke_keys(tables, found->id, fact.index);
  erase_members(tables, *found);
  for (const BreakGlass& open : found->break_glass) tables.erase("identity_break_glass", {found->id, open.group});
  (void)tables.change("identity_principals", {found->id},
                      {{PrincipalColumn::kEnabled, 0},
                       {PrincipalColumn::kDeleted, 1},
                       {PrincipalColumn::kOwner, ""},
                       {PrincipalColumn::kDisplayName, std::nullopt},
                       {PrincipalColumn::kDisplayNameFrom, std::nullopt},
                       {PrincipalColumn::kVersion, next_version(fact)}});
  add_to_count(tables, Counted::kPrincipals, -1);
  return {};
}

Result<> fold_break_glass_open(const state::FoldedFact& fact, state::Tables& tables) {
  const auto body = read_break_glass(fact.body);
  if (!body) return body.error();
  const auto found = principal_of(fact, tables);
  if (!found) return found.error();
  if (!found->enabled) return Error(Errc::kInvalidArgument, "`" + found->id + "` is disabled");
  if (fact.fact.severity != record::FactSeverity::kHigh) {
    return Error(Errc::kInvalidArgument, "break-glass is told as an alarm");
  }
  if (std::binary_search(found->groups.begin(), found->groups.end(), body->group)) {
    return Error(Errc::kAlreadyExists, "`" + found->id + "` is in `" + body->group + "` already");
  }
  if (auto checked = check_membership(tables, *found, body->group); !checked) return checked.error();
  const UnixMillis now = fact.fact.time;
  const auto open = std::count_if(found->break_glass.begin(), found->break_glass.end(),
                                  [&](const BreakGlass& one) { return now < one.until && one.group != body->group; });
  if (static_cast<std::size_t>(open) >= kBreakGlassOfPrincipalMax) {
    return Error(Errc::kResourceExhausted, "`" + found->id + "` is in as many groups by break-glass as it may be");
  }
  for (const BreakGlass& one : found->break_glass) {
    if (one.until <= now) tables.erase("identity_break_glass", {found->id, one.group});
  }
  tables.put("identity_break_glass", {found->id, body->group, now.value + body->life_ms});
  set_version(fact, tables, found->id);
  return {};
}

Result<> fold_break_glass_close(const state::FoldedFact& fact, state::Tables& tables) {
  const auto group = read_break_glass_end(fact.body);
  if (!group) return group.error();
  const auto found = principal_of(fact, tables);
  if (!found) return found.error();
  const bool open = std::any_of(found->break_glass.begin(), found->break_glass.end(), [&](const BreakGlass& one) {
    return one.group == *group && fact.fact.time < one.until;
  });
  if (!open) return Error(Errc::kNotFound, "`" + found->id + "` is not in `" + *group + "` by break-glass");
  tables.erase("identity_break_glass", {found->id, *group});
  set_version(fact, tables, found->id);
  return {};
}

}  // namespace redoubt::identity::internal
