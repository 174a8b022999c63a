// What becomes of keys when facts of several kinds make and end them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "identity/identities.h"
#include "identity/internal/persons.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

// Whether a key of this id can be made for the principal, which is there: the id is new, and it does not end before it
// begins.
Result<> check_new_key(state::Tables& tables, const Key& key);
// Whether there is room for one more. The principal's keys that have expired give theirs: how many these are.
Result<std::int64_t> room_for_key(state::Tables& tables, const Key& key);
// Makes it, and revokes those of the principal that have expired by then, which are `expired` many. When it comes from
// somebody else, its holder is enrolled anew. `index`: of the fact.
void insert_key(state::Tables& tables, const Key& key, const Author& author, std::int64_t expired, std::uint64_t index);
// All keys of the principal.
void revoke_keys(state::Tables& tables, std::string_view principal, std::uint64_t index);

}  // namespace redoubt::identity::internal
