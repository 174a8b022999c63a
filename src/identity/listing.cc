#include "identity/listing.h"

#include <utility>

#include "identity/internal/rows.h"

namespace redoubt::identity {
namespace {

template <class T>
Result<std::vector<T>> read_all(state::Tables& tables, Result<std::vector<std::string>> ids,
                                Result<std::optional<T>> (*read)(state::Tables&, std::string_view)) {
  if (!ids) return ids.error();
  std::vector<T> all;
  for (const std::string& id : *ids) {
    auto one = read(tables, id);
    if (!one) return one.error();
    if (*one) all.push_back(**std::move(one));
  }
  return all;
}

}  // namespace

Result<std::optional<Principal>> find_principal(state::Tables& tables, std::string_view id) {
  return internal::read_principal_row(tables, id);
}

Result<std::optional<Group>> find_group(state::Tables& tables, std::string_view id) {
  return internal::read_group_row(tables, id);
}

Result<std::optional<Key>> find_key(state::Tables& tables, std::string_view id) {
  return internal::read_key_row(tables, id);
}

Result<std::vector<Principal>> list_principals(state::Tables& tables, const PrincipalFilter& filter,
                                               std::string_view after, std::size_t limit) {
  const auto type = filter.type ? std::optional(static_cast<int>(*filter.type)) : std::nullopt;
  auto ids = filter.group
                 ? internal::read_texts(
                       tables,
                       "SELECT id FROM identity_members JOIN identity_principals ON id = principal "
                       "WHERE grp = ?1 AND principal > ?2 AND deleted = ?3 AND (?4 IS NULL OR type = ?4) "
                       "AND (?5 IS NULL OR tenant = ?5) AND (?6 IS NULL OR owner = ?6) "
                       "AND (?7 IS NULL OR enabled = ?7) ORDER BY principal LIMIT ?8",
                       {*filter.group, after, filter.deleted, type, filter.tenant, filter.owner, filter.enabled, limit})
                 : internal::read_texts(
                       tables,
                       "SELECT id FROM identity_principals WHERE id > ?1 AND deleted = ?2 "
                       "AND (?3 IS NULL OR type = ?3) AND (?4 IS NULL OR tenant = ?4) AND (?5 IS NULL OR owner = ?5) "
                       "AND (?6 IS NULL OR enabled = ?6) ORDER BY id LIMIT ?7",
                       {after, filter.deleted, type, filter.tenant, filter.owner, filter.enabled, limit});
  return read_all(tables, std::move(ids), internal::read_principal_row);
}

Result<std::vector<Group>> list_groups(state::Tables& tables, const GroupFilter& filter, std::string_view after,
                                       std::size_t limit) {
  auto ids = internal::read_texts(
      tables,
      "SELECT id FROM identity_groups WHERE id > ?1 AND (?2 IS NULL OR tenant = ?2) AND (?3 IS NULL OR EXISTS("
      "SELECT 1 FROM identity_parents WHERE grp = id AND parent = ?3)) ORDER BY id LIMIT ?4",
      {after, filter.tenant, filter.parent, limit});
  return read_all(tables, std::move(ids), internal::read_group_row);
}

Result<std::vector<Key>> list_keys(state::Tables& tables, const KeyFilter& filter, std::string_view after,
                                   std::size_t limit) {
  auto ids = filter.principal ? internal::read_texts(tables,
                                                     "SELECT id FROM identity_keys WHERE principal = ?1 AND id > ?2 "
                                                     "AND (?3 IS NULL OR (revoked <> 0) = ?3) ORDER BY id LIMIT ?4",
                                                     {*filter.principal, after, filter.revoked, limit})
                              : internal::read_texts(tables,
                                                     "SELECT id FROM identity_keys WHERE id > ?1 "
                                                     "AND (?2 IS NULL OR (revoked <> 0) = ?2) ORDER BY id LIMIT ?3",
                                                     {after, filter.revoked, limit});
  return read_all(tables, std::move(ids), internal::read_key_row);
}

}  // namespace redoubt::identity
