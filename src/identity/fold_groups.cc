#include <algorithm>

#include "identity/internal/bodies.h"
#include "identity/internal/fold.h"
#include "identity/internal/group_graph.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

bool is_built_in(std::string_view group) {
  return std::find(std::begin(kBuiltInGroups), std::end(kBuiltInGroups), group) != std::end(kBuiltInGroups);
}

// One that may be changed.
Result<Group> group_of(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kGroupPrefix);
  if (!id) return id.error();
  auto found = live_group(tables, *id);
  if (!found) return Error(Errc::kNotFound, "there is no group `" + *id + "`");
  if (is_built_in(*id)) return Error(Errc::kInvalidArgument, "the group `" + *id + "` is built in");
  return *std::move(found);
}

void insert_parents(state::Tables& tables, std::string_view group, const std::vector<std::string>& parents) {
  for (const std::string& parent : parents) tables.put("identity_parents", {group, parent});
}

void erase_parents(state::Tables& tables, const Group& group) {
  for (const std::string& parent : group.parents) tables.erase("identity_parents", {group.id, parent});
}

}  // namespace

Result<> fold_group_create(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = id_of(fact, kGroupPrefix);
  if (!id) return id.error();
  if (!is_identity_name(*id)) {
    return Error(Errc::kInvalidArgument,
                 "a group's id has 1 to 64 letters, digits, `.`, `_` or `-`, not `" + *id + "`");
  }
  const auto body = read_group(fact.body);
  if (!body) return body.error();
  if (live_group(tables, *id)) return Error(Errc::kAlreadyExists, "there is a group `" + *id + "` already");
  if (is_built_in(*id)) return Error(Errc::kInvalidArgument, "the group `" + *id + "` comes with the first fact");
  if (count_of(tables, Counted::kGroups) >= kGroupsMax) {
    return Error(Errc::kResourceExhausted, "there are " + std::to_string(kGroupsMax) + " groups");
  }
  if (auto checked = check_parents(tables, *id, body->tenant, body->parents); !checked) return checked.error();
  tables.put("identity_groups", {*id, body->tenant, next_version(fact)});
  insert_parents(tables, *id, body->parents);
  add_to_count(tables, Counted::kGroups, 1);
  return {};
}

Result<> fold_group_update(const state::FoldedFact& fact, state::Tables& tables) {
  const auto body = read_group_change(fact.body);
  if (!body) return body.error();
  const auto found = group_of(fact, tables);
  if (!found) return found.error();
  if (auto checked = check_parents(tables, found->id, found->tenant, body->parents); !checked) return checked.error();
  tables.put("identity_groups", {found->id, found->tenant, next_version(fact)});
  erase_parents(tables, *found);
  insert_parents(tables, found->id, body->parents);
  return {};
}

Result<> fold_group_delete(const state::FoldedFact& fact, state::Tables& tables) {
  if (auto body = read_empty(fact.body); !body) return body.error();
  const auto found = group_of(fact, tables);
  if (!found) return found.error();
  if (tables.integer("SELECT 1 FROM identity_members WHERE grp = ?1 LIMIT 1", {found->id}) ||
      tables.integer("SELECT 1 FROM identity_parents WHERE parent = ?1 LIMIT 1", {found->id}) ||
      tables.integer("SELECT 1 FROM identity_break_glass WHERE grp = ?1 AND until > ?2 LIMIT 1",
                     {found->id, fact.fact.time.value})) {
    return Error(Errc::kInvalidArgument, "the group `" + found->id + "` is not empty");
  }
  tables.erase("identity_groups", {found->id});
  erase_parents(tables, *found);
  add_to_count(tables, Counted::kGroups, -1);
  return {};
}

}  // namespace redoubt::identity::internal
