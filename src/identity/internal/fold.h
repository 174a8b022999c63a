// One function for each kind of fact: what it makes of the tables. Errors come before the first change.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "identity/identities.h"
#include "state/projection.h"

namespace redoubt::identity::internal {

using Fold = Result<> (*)(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_genesis(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_principal_create(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_principal_update(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_principal_enable(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_principal_disable(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_principal_delete(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_principal_reset(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_group_create(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_group_update(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_group_delete(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_key_issue(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_key_rotate(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_key_revoke(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_break_glass_open(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_break_glass_close(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_marked_acts_set(const state::FoldedFact& fact, state::Tables& tables);

// ---- what several of them need

// The object's id, when it is of this kind.
Result<std::string> id_of(const state::FoldedFact& fact, std::string_view prefix);
// As the engine counts after this fact.
inline std::uint64_t next_version(const state::FoldedFact& fact) {
  return fact.fact.expects + 1;
}

void insert_principal(state::Tables& tables, std::string_view id, PrincipalType type, std::string_view tenant,
                      std::string_view owner, UnixMillis created, std::string_view created_by, std::uint64_t version);
// The principal's, to that after this fact.
void set_version(const state::FoldedFact& fact, state::Tables& tables, std::string_view id);

enum class Counted : std::uint8_t { kPrincipals, kGroups, kKeys };
std::size_t count_of(state::Tables& tables, Counted what);
void add_to_count(state::Tables& tables, Counted what, std::int64_t more);

}  // namespace redoubt::identity::internal
