#include "identity/internal/fold.h"

#include <algorithm>
#include <set>

#include "identity/internal/bodies.h"
#include "identity/internal/key_rows.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

std::string_view name_of(Counted what) {
  switch (what) {
    case Counted::kPrincipals:
      return "principals";
    case Counted::kGroups:
      return "groups";
    case Counted::kKeys:
      break;
  }
  return "keys";
}

void set_marked_acts(state::Tables& tables, const std::vector<std::string>& acts) {
  (void)tables.run("DELETE FROM identity_marked_acts", {});
  for (const std::string& act : acts) tables.put("identity_marked_acts", {act});
}

Result<> check_first(const GenesisBody& body) {
  std::set<std::string_view> principals;
  std::set<std::string_view> keys;
  std::size_t administrators = 0;
  for (const FirstBody& first : body.first) {
    if (!principals.insert(first.principal).second || !keys.insert(first.key).second) {
      return Error(Errc::kInvalidArgument, "`" + first.principal + "` or its key is there twice");
    }
    if (std::find(std::begin(kBuiltInGroups), std::end(kBuiltInGroups), first.group) == std::end(kBuiltInGroups)) {
      return Error(Errc::kInvalidArgument, "the group `" + first.group + "` is not built in");
    }
    if (first.group != kAdministrators) continue;
    if (first.type != PrincipalType::kUser || !first.tenant.empty()) {
      return Error(Errc::kInvalidArgument, "administrators are users of no tenant");
    }
    ++administrators;
  }
  if (administrators < 2) return Error(Errc::kInvalidArgument, "there are two administrators at least");
  return {};
}

}  // namespace

Result<std::string> id_of(const state::FoldedFact& fact, std::string_view prefix) {
  const auto id = object_id(fact.fact.object, prefix);
  if (!id) {
    return Error(Errc::kInvalidArgument, "`" + fact.fact.object + "` is nothing that `" + fact.fact.kind + "` changes");
  }
  return std::string(*id);
}

std::size_t count_of(state::Tables& tables, Counted what) {
  const state::Row* row = tables.find("identity_counts", {name_of(what)});
  return row != nullptr ? static_cast<std::size_t>(row->integer(1)) : 0;
}

void add_to_count(state::Tables& tables, Counted what, std::int64_t more) {
  const auto number = static_cast<std::int64_t>(count_of(tables, what)) + more;
  (void)tables.change("identity_counts", {name_of(what)}, {{1, number}});
}

Result<> fold_genesis(const state::FoldedFact& fact, state::Tables& tables) {
  const auto body = read_genesis(fact.body);
  if (!body) return body.error();
  if (fact.fact.object != kGenesisObject) return Error(Errc::kInvalidArgument, "its object is `genesis`");
  if (tables.integer("SELECT 1 FROM identity_groups LIMIT 1", {})) {
    return Error(Errc::kAlreadyExists, "there are administrators already");
  }
  if (auto checked = check_first(*body); !checked) return checked.error();
  const UnixMillis now = fact.fact.time;
  for (const Counted what : {Counted::kPrincipals, Counted::kGroups, Counted::kKeys}) {
    tables.put("identity_counts", {name_of(what), 0});
  }
  for (const std::string_view group : kBuiltInGroups) {
    tables.put("identity_groups", {group, "", 0});
    add_to_count(tables, Counted::kGroups, 1);
  }
  for (const FirstBody& first : body->first) {
    insert_principal(tables, first.principal, first.type, first.tenant, "", now, kInitActor, 0);
    tables.put("identity_members", {first.principal, first.group});
    add_to_count(tables, Counted::kPrincipals, 1);
    insert_key(tables,
               {.id = first.key,
                .principal = first.principal,
                .scopes = {},
                .models = first.models,
                .digest = first.digest,
                .created = now,
                .created_by = {},
                .replaced_by = {}},
               {.principal = std::string(kInitActor), .persons = {}}, 0, fact.index);
  }
  set_marked_acts(tables, body->marked_acts);
  return {};
}

Result<> fold_marked_acts_set(const state::FoldedFact& fact, state::Tables& tables) {
  const auto acts = read_marked_acts(fact.body);
  if (!acts) return acts.error();
  if (fact.fact.object != kMarkedActsObject) return Error(Errc::kInvalidArgument, "its object is `marked_acts`");
  set_marked_acts(tables, *acts);
  return {};
}

}  // namespace redoubt::identity::internal
