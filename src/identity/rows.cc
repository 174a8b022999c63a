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

// Of rows whose key is two texts: the second ones, sorted.
Result<std::vector<std::string>> read_second(state::Name table, state::Tables& tables, std::string_view first) {
  std::vector<std::string> found;
  auto done = tables.each_alike(table, {first}, [&](const state::Row& row) {
    found.emplace_back(row.text(1));
    return true;
  });
  if (!done) return done.error();
  std::sort(found.begin(), found.end());
  return found;
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
  principal.id = row.text(PrincipalColumn::kId);
  principal.type = static_cast<PrincipalType>(row.integer(PrincipalColumn::kType));
  principal.tenant = row.text(PrincipalColumn::kTenant);
  principal.owner = row.text(PrincipalColumn::kOwner);
  principal.enabled = row.integer(PrincipalColumn::kEnabled) != 0;
  principal.deleted = row.integer(PrincipalColumn::kDeleted) != 0;
  principal.created = {row.integer(PrincipalColumn::kCreated)};
  principal.created_by = row.text(PrincipalColumn::kCreatedBy);
  principal.enrolled = {row.integer(PrincipalColumn::kEnrolled)};
  principal.enrolled_by = row.text(PrincipalColumn::kEnrolledBy);
  if (!row.is_null(PrincipalColumn::kDisplayName)) principal.display_name = row.text(PrincipalColumn::kDisplayName);
  principal.version = static_cast<std::uint64_t>(row.integer(PrincipalColumn::kVersion));
  return principal;
}

Key row_key(const state::Row& row) {
  Key key;
  key.id = row.text(KeyColumn::kId);
  key.principal = row.text(KeyColumn::kPrincipal);
  const ByteView digest = row.blob(KeyColumn::kDigest);
  REDOUBT_CHECK(digest.size() == key.digest.size());
  std::copy(digest.begin(), digest.end(), key.digest.begin());
  key.scopes = split(row.text(KeyColumn::kScopes));
  key.models = split(row.text(KeyColumn::kModels));
  key.created = {row.integer(KeyColumn::kCreated)};
  key.created_by = row.text(KeyColumn::kCreatedBy);
  key.expires = {row.integer(KeyColumn::kExpires)};
  key.revoked = row.integer(KeyColumn::kRevoked) != 0;
  key.replaced_by = row.text(KeyColumn::kReplacedBy);
  key.version = static_cast<std::uint64_t>(row.integer(KeyColumn::kVersion));
  return key;
}

bool has_expired(const state::Row& key, UnixMillis now) {
  const std::int64_t expires = key.integer(KeyColumn::kExpires);
  return expires != 0 && expires <= now.value;
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
  const auto row = tables.find_row("identity_principals", {id});
  if (!row) return row.error();
  if (*row == nullptr) return std::optional<Principal>();
  Principal found = row_principal(**row);
  auto groups = read_second("identity_members", tables, id);
  if (!groups) return groups.error();
  found.groups = *std::move(groups);
  auto done = tables.each_alike("identity_break_glass", {id}, [&](const state::Row& open) {
    found.break_glass.push_back({std::string(open.text(1)), {open.integer(2)}});
    return true;
  });
  if (!done) return done.error();
  std::sort(found.break_glass.begin(), found.break_glass.end(),
            [](const BreakGlass& a, const BreakGlass& b) { return a.group < b.group; });
  return std::optional(std::move(found));
}

Result<std::optional<Group>> read_group_row(state::Tables& tables, std::string_view id) {
  const auto row = tables.find_row("identity_groups", {id});
  if (!row) return row.error();
  if (*row == nullptr) return std::optional<Group>();
  Group found{.id = std::string(id),
              .tenant = std::string((*row)->text(1)),
              .parents = {},
              .version = static_cast<std::uint64_t>((*row)->integer(2))};
  auto parents = read_second("identity_parents", tables, id);
  if (!parents) return parents.error();
  found.parents = *std::move(parents);
  return std::optional(std::move(found));
}

Result<std::optional<Key>> read_key_row(state::Tables& tables, std::string_view id) {
  const auto row = tables.find_row("identity_keys", {id});
  if (!row) return row.error();
  return *row != nullptr ? std::optional(row_key(**row)) : std::nullopt;
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

void each_key(state::Tables& tables, std::string_view principal, const std::function<void(const state::Row&)>& take) {
  (void)tables.each_alike("identity_keys_by_principal", {principal, 0}, [&](const state::Row& row) {
    take(row);
    return true;
  });
}

bool is_enabled(state::Tables& tables, std::string_view principal) {
  const state::Row* row = tables.find("identity_principals", {principal});
  return row != nullptr && row->integer(PrincipalColumn::kEnabled) != 0;
}

bool is_administrator(state::Tables& tables, std::string_view principal) {
  return tables.find("identity_members", {principal, kAdministrators}) != nullptr;
}

std::optional<std::string_view> object_id(std::string_view object, std::string_view prefix) {
  if (!object.starts_with(prefix)) return std::nullopt;
  return object.substr(prefix.size());
}

}  // namespace redoubt::identity::internal
