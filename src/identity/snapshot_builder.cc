#include "identity/internal/snapshot_builder.h"

#include <unordered_map>
#include <utility>

#include "encoding/json_reader.h"
#include "identity/internal/group_graph.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {

Result<Identities> SnapshotBuilder::load(state::Tables& tables) {
  SnapshotBuilder builder(Identities(), tables, 0);
  Identities::Data& data = *builder.data_;
  std::unordered_map<std::string, std::shared_ptr<Principal>> principals;
  auto done = tables.each("SELECT " REDOUBT_PRINCIPAL_COLUMNS " FROM identity_principals WHERE deleted = 0", {},
                          [&](const state::Row& row) {
                            auto principal = std::make_shared<Principal>(row_principal(row));
                            data.principals.set(principal->id, principal);
                            principals.emplace(principal->id, principal);
                            return true;
                          });
  if (!done) return done.error();
  done = tables.each("SELECT principal, grp FROM identity_members ORDER BY principal, grp", {},
                     [&](const state::Row& row) {
                       principals.at(std::string(row.text(0)))->groups.emplace_back(row.text(1));
                       return true;
                     });
  if (!done) return done.error();
  done = tables.each(
      "SELECT principal, grp, until FROM identity_break_glass ORDER BY principal, grp", {}, [&](const state::Row& row) {
        principals.at(std::string(row.text(0)))->break_glass.push_back({std::string(row.text(1)), {row.integer(2)}});
        return true;
      });
  if (!done) return done.error();
  done = tables.each("SELECT " REDOUBT_KEY_COLUMNS " FROM identity_keys WHERE revoked = 0", {},
                     [&](const state::Row& row) {
                       auto key = std::make_shared<const Key>(row_key(row));
                       data.keys.set(key->id, key);
                       return true;
                     });
  if (!done) return done.error();
  const auto groups = read_texts(tables, "SELECT id FROM identity_groups", {});
  if (!groups) return groups.error();
  for (const std::string& id : *groups) builder.group(id);
  auto made = builder.finish();
  if (!made) return Error(Errc::kIo, "the groups cannot be read");
  return *std::move(made);
}

SnapshotBuilder::SnapshotBuilder(const Identities& last, state::Tables& tables, std::uint64_t index)
    : tables_(tables), index_(index), data_(std::make_shared<Identities::Data>(*last.data_)) {}

void SnapshotBuilder::follow(std::string_view object, simdjson::dom::object body) {
  if (const auto id = object_id(object, kGroupPrefix)) return group_and_below(*id);
  if (const auto id = object_id(object, kPrincipalPrefix)) {
    principal(*id);
    keys_that_ended(*id);
  } else if (const auto key_id = object_id(object, kKeyPrefixOfObjects)) {
    key(*key_id);
    const auto row = read_key_row(tables_, *key_id);
    if (!row || !*row) {
      failed_ = true;
      return;
    }
    principal((*row)->principal);  // who may have been enrolled anew
    keys_that_ended((*row)->principal);
  }
  const std::string_view made = encoding::string_member(body, "key");  // by a rotation or reset
  if (!made.empty()) key(made);
}

std::optional<Identities> SnapshotBuilder::finish() {
  if (failed_) return std::nullopt;
  return Identities(std::move(data_));
}

void SnapshotBuilder::principal(std::string_view id) {
  auto row = read_principal_row(tables_, id);
  failed_ = failed_ || !row;
  if (failed_) return;
  if (!*row || (*row)->deleted) {
    data_->principals.erase(id);
  } else {
    data_->principals.set(id, std::make_shared<const Principal>(**std::move(row)));
  }
}

void SnapshotBuilder::group_and_below(std::string_view id) {
  group(id);
  const auto below = groups_below(tables_, id);
  failed_ = failed_ || !below;
  if (failed_) return;
  for (const std::string& one : *below) group(one);
}

void SnapshotBuilder::group(std::string_view id) {
  auto row = read_group_row(tables_, id);
  auto above = groups_above(tables_, id);
  failed_ = failed_ || !row || !above;
  if (failed_) return;
  if (!*row) {
    data_->groups.erase(id);
  } else {
    data_->groups.set(id, std::make_shared<const GroupNode>(GroupNode{**std::move(row), *std::move(above)}));
  }
}

void SnapshotBuilder::key(std::string_view id) {
  auto row = read_key_row(tables_, id);
  failed_ = failed_ || !row;
  if (failed_) return;
  if (!*row || (*row)->revoked) {
    data_->keys.erase(id);
  } else {
    data_->keys.set(id, std::make_shared<const Key>(**std::move(row)));
  }
}

void SnapshotBuilder::keys_that_ended(std::string_view principal) {
  const auto ended = read_texts(tables_, "SELECT id FROM identity_keys WHERE principal = ?1 AND revoked = ?2",
                                {principal, index_ + 1});
  failed_ = failed_ || !ended;
  if (failed_) return;
  for (const std::string& id : *ended) data_->keys.erase(id);
}

}  // namespace redoubt::identity::internal
