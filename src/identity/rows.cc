#include "identity/internal/rows.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::identity::internal {
namespace {

// The error, if there is one, is kept by the tables, and the fold fails for it.
template <class T>
T or_nothing(Result<T> result) {
  return result ? *std::move(result) : T{};
}

}  // namespace

std::string join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += '\n';
    joined += part;
  }
  return joined;
}

std::vector<std::string> split(std::string_view joined) {
  std::vector<std::string> parts;
  while (!joined.empty()) {
    const std::size_t end = joined.find('\n');
    parts.emplace_back(joined.substr(0, end));
    joined = end == std::string_view::npos ? std::string_view{} : joined.substr(end + 1);
  }
  return parts;
}

Principal row_principal(const state::Row& row) {
  Principal principal;
  principal.id = row.text(0);
  principal.type = static_cast<PrincipalType>(row.integer(1));
  principal.tenant = row.text(2);
  principal.owner = row.text(3);
  principal.enabled = row.integer(4) != 0;
  principal.deleted = row.integer(5) != 0;
  principal.created = {row.integer(6)};
  principal.created_by = row.text(7);
  principal.enrolled = {row.integer(8)};
  principal.enrolled_by = row.text(9);
  if (!row.is_null(10)) principal.display_name = row.text(10);
  principal.version = static_cast<std::uint64_t>(row.integer(11));
  return principal;
}

Key row_key(const state::Row& row) {
  Key key;
  key.id = row.text(0);
  key.principal = row.text(1);
  const ByteView digest = row.blob(2);
  REDOUBT_CHECK(digest.size() == key.digest.size());
  std::copy(digest.begin(), digest.end(), key.digest.begin());
  key.scopes = split(row.text(3));
  key.models = split(row.text(4));
  key.created = {row.integer(5)};
  key.created_by = row.text(6);
  key.expires = {row.integer(7)};
  key.revoked = row.integer(8) != 0;
  key.replaced_by = row.text(9);
  key.version = static_cast<std::uint64_t>(row.integer(10));
  return key;
}

Result<std::vector<std::string>> read_texts(state::Tables& tables, state::Sql sql,
                                            std::initializer_list<state::Column> values) {
  std::vector<std::string> found;
  auto done = tables.each(sql, values, [&](const state::Row& row) {
    found.emplace_back(row.text(0));
    return true;
  });
  if (!done) return done.error();
  return found;
}

Result<std::optional<Principal>> read_principal_row(state::Tables& tables, std::string_view id) {
  std::optional<Principal> found;
  auto done = tables.each("SELECT " REDOUBT_PRINCIPAL_COLUMNS " FROM identity_principals WHERE id = ?1", {id},
                          [&](const state::Row& row) {
                            found = row_principal(row);
                            return false;
                          });
  if (!done) return done.error();
  if (!found) return found;
  auto groups = read_texts(tables, "SELECT grp FROM identity_members WHERE principal = ?1 ORDER BY grp", {id});
  if (!groups) return groups.error();
  found->groups = *std::move(groups);
  done = tables.each("SELECT grp, until FROM identity_break_glass WHERE principal = ?1 ORDER BY grp", {id},
                     [&](const state::Row& row) {
                       found->break_glass.push_back({std::string(row.text(0)), {row.integer(1)}});
                       return true;
                     });
  if (!done) return done.error();
  return found;
}

Result<std::optional<Group>> read_group_row(state::Tables& tables, std::string_view id) {
  std::optional<Group> found;
  auto done =
      tables.each("SELECT tenant, version FROM identity_groups WHERE id = ?1", {id}, [&](const state::Row& row) {
        found = Group{.id = std::string(id),
                      .tenant = std::string(row.text(0)),
                      .parents = {},
                      .version = static_cast<std::uint64_t>(row.integer(1))};
        return false;
      });
  if (!done) return done.error();
  if (!found) return found;
  auto parents = read_texts(tables, "SELECT parent FROM identity_parents WHERE grp = ?1 ORDER BY parent", {id});
  if (!parents) return parents.error();
  found->parents = *std::move(parents);
  return found;
}

Result<std::optional<Key>> read_key_row(state::Tables& tables, std::string_view id) {
  std::optional<Key> found;
  auto done =
      tables.each("SELECT " REDOUBT_KEY_COLUMNS " FROM identity_keys WHERE id = ?1", {id}, [&](const state::Row& row) {
        found = row_key(row);
        return false;
      });
  if (!done) return done.error();
  return found;
}

std::optional<Principal> live_principal(state::Tables& tables, std::string_view id) {
  auto found = or_nothing(read_principal_row(tables, id));
  if (found && found->deleted) found.reset();
  return found;
}

std::optional<Group> live_group(state::Tables& tables, std::string_view id) {
  return or_nothing(read_group_row(tables, id));
}

std::optional<Key> any_key(state::Tables& tables, std::string_view id) {
  return or_nothing(read_key_row(tables, id));
}

std::vector<std::string> texts(state::Tables& tables, state::Sql sql, std::initializer_list<state::Column> values) {
  return or_nothing(read_texts(tables, sql, values));
}

bool is_administrator(state::Tables& tables, std::string_view principal) {
  return tables
      .integer("SELECT 1 FROM identity_members WHERE principal = ?1 AND grp = ?2", {principal, kAdministrators})
      .has_value();
}

std::optional<std::string_view> object_id(std::string_view object, std::string_view prefix) {
  if (!object.starts_with(prefix)) return std::nullopt;
  return object.substr(prefix.size());
}

}  // namespace redoubt::identity::internal
