// Identities as the tables have them, revoked keys and deleted principals included: for lists and for looking one up
// before it is changed. On the engine's thread; errors are those of the tables.
//
// Lists are in the order of ids, begin after `after` (empty: at the first) and have at most `limit`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identities.h"
#include "state/tables.h"

namespace redoubt::identity {

// Nothing when there was never one.
Result<std::optional<Principal>> find_principal(state::Tables& tables, std::string_view id);
Result<std::optional<Group>> find_group(state::Tables& tables, std::string_view id);
Result<std::optional<Key>> find_key(state::Tables& tables, std::string_view id);

struct PrincipalFilter {
  std::optional<PrincipalType> type;
  std::optional<std::string> tenant;
  std::optional<std::string> group;  // directly
  std::optional<std::string> owner;
  std::optional<bool> enabled;
  bool deleted = false;  // those only, or the others only
};
Result<std::vector<Principal>> list_principals(state::Tables& tables, const PrincipalFilter& filter,
                                               std::string_view after, std::size_t limit);

struct GroupFilter {
  std::optional<std::string> tenant;
  std::optional<std::string> parent;
};
Result<std::vector<Group>> list_groups(state::Tables& tables, const GroupFilter& filter, std::string_view after,
                                       std::size_t limit);

struct KeyFilter {
  std::optional<std::string> principal;
  std::optional<bool> revoked;
};
Result<std::vector<Key>> list_keys(state::Tables& tables, const KeyFilter& filter, std::string_view after,
                                   std::size_t limit);

}  // namespace redoubt::identity
