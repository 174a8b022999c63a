// Rows of the tables as values, and what folds ask of them often.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identities.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

// Lists in one column.
std::string join(const std::vector<std::string>& parts);
std::vector<std::string> split(std::string_view joined);

// Columns of rows, as schema.h makes them.
#define REDOUBT_PRINCIPAL_COLUMNS                                                                         \
  "id, type, tenant, owner, enabled, deleted, created, created_by, enrolled, enrolled_by, display_name, " \
  "display_name_from, version"
struct PrincipalColumn {
  enum : int {
    kId,
    kType,
    kTenant,
    kOwner,
    kEnabled,
    kDeleted,
    kCreated,
    kCreatedBy,
    kEnrolled,
    kEnrolledBy,
    kDisplayName,
    kDisplayNameFrom,
    kVersion
  };
};
#define REDOUBT_KEY_COLUMNS \
  "id, principal, digest, scopes, models, created, created_by, known_to, expires, revoked, replaced_by, version"
struct KeyColumn {
  enum : int {
    kId,
    kPrincipal,
    kDigest,
    kScopes,
    kModels,
    kCreated,
    kCreatedBy,
    kKnownTo,
    kExpires,
    kRevoked,
    kReplacedBy,
    kVersion
  };
};

// A principal without its groups, and a key.
Principal row_principal(const state::Row& row);
Key row_key(const state::Row& row);
// Whether the key of this row has expired at `now`.
bool has_expired(const state::Row& key, UnixMillis now);

// Whole, with groups; nothing when there was never one.
Result<std::optional<Principal>> read_principal_row(state::Tables& tables, std::string_view id);
Result<std::optional<Group>> read_group_row(state::Tables& tables, std::string_view id);
Result<std::optional<Key>> read_key_row(state::Tables& tables, std::string_view id);
// What `sql` gives in its first column, in its order.
Result<std::vector<std::string>> read_texts(state::Tables& tables, state::Sql sql,
                                            std::initializer_list<state::Column> values);

// For folds, where errors of the tables are kept: a principal that was not deleted, and so on.
std::optional<Principal> live_principal(state::Tables& tables, std::string_view id);
std::optional<Group> live_group(state::Tables& tables, std::string_view id);
std::optional<Key> any_key(state::Tables& tables, std::string_view id);
std::vector<std::string> texts(state::Tables& tables, state::Sql sql, std::initializer_list<state::Column> values);

// Calls `take` with each key of the principal that is not revoked.
void each_key(state::Tables& tables, std::string_view principal, const std::function<void(const state::Row&)>& take);
bool is_enabled(state::Tables& tables, std::string_view principal);
// For good, not by break-glass.
bool is_administrator(state::Tables& tables, std::string_view principal);

// The id behind `prefix` in an object's name; nothing when it does not begin so.
std::optional<std::string_view> object_id(std::string_view object, std::string_view prefix);
inline constexpr std::string_view kPrincipalPrefix = "principal/";
inline constexpr std::string_view kGroupPrefix = "group/";
inline constexpr std::string_view kKeyPrefixOfObjects = "key/";
inline constexpr std::string_view kApprovalPrefix = "approval/";
inline constexpr std::string_view kMarkedActsObject = "marked_acts";
inline constexpr std::string_view kGenesisObject = "genesis";

}  // namespace redoubt::identity::internal
