#include "identity/internal/snapshot_builder.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "encoding/json_reader.h"
#include "identity/internal/group_graph.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {

namespace {

// Of one table, of which each row is given to `take`; that answers whether it fits the rows before.
template <class Take>
Result<> take_rows(state::Tables& tables, state::Name table, const Take& take) {
  bool fits = true;
  auto done = tables.each_row(table, [&](const state::Row& row) { return fits = take(row); });
  if (!done) return done;
  if (!fits) return Error(Errc::kCorrupt, std::string("a row of `") + table.text() + "` belongs to nobody");
  return {};
}

using Principals = std::unordered_map<std::string_view, std::shared_ptr<Principal>>;

Result<> load_principals(state::Tables& tables, state::PersistentMap<Principal>& out) {
  Principals principals;
  auto done = take_rows(tables, "identity_principals", [&](const state::Row& row) {
    if (row.integer(PrincipalColumn::kDeleted) != 0) return true;
    auto principal = std::make_shared<Principal>(row_principal(row));
    principals.emplace(principal->id, principal);
    return true;
  });
  if (!done) return done;
  done = take_rows(tables, "identity_members", [&](const state::Row& row) {
    const auto member = principals.find(row.text(0));
    if (member != principals.end()) member->second->groups.emplace_back(row.text(1));
    return member != principals.end();
  });
  if (!done) return done;
  done = take_rows(tables, "identity_break_glass", [&](const state::Row& row) {
    const auto member = principals.find(row.text(0));
    if (member == principals.end()) return false;
    member->second->break_glass.push_back({std::string(row.text(1)), {row.integer(2)}});
    return true;
  });
  if (!done) return done;
  for (auto& [id, principal] : principals) {
    std::sort(principal->groups.begin(), principal->groups.end());
    std::sort(principal->break_glass.begin(), principal->break_glass.end(),
              [](const BreakGlass& a, const BreakGlass& b) { return a.group < b.group; });
    out.set(id, principal);
  }
  return {};
}

using Groups = std::map<std::string, Group, std::less<>>;

// All groups that it is in, directly or not, sorted.
std::vector<std::string> groups_above(const Groups& groups, const Group& group) {
  std::set<std::string_view> above;
  std::vector<const Group*> open{&group};
  while (!open.empty()) {
    const Group& at = *open.back();
    open.pop_back();
    for (const std::string& parent : at.parents) {
      if (!above.insert(parent).second) continue;
      if (const auto known = groups.find(parent); known != groups.end()) open.push_back(&known->second);
    }
  }
  return {above.begin(), above.end()};
}

Result<> load_groups(state::Tables& tables, state::PersistentMap<GroupNode>& out) {
  Groups groups;
  auto done = take_rows(tables, "identity_groups", [&](const state::Row& row) {
    std::string id(row.text(0));
    Group group{.id = id,
                .tenant = std::string(row.text(1)),
                .parents = {},
                .version = static_cast<std::uint64_t>(row.integer(2))};
    groups.emplace(std::move(id), std::move(group));
    return true;
  });
  if (!done) return done;
  done = take_rows(tables, "identity_parents", [&](const state::Row& row) {
    const auto group = groups.find(row.text(0));
    if (group != groups.end()) group->second.parents.emplace_back(row.text(1));
    return group != groups.end();
  });
  if (!done) return done;
  for (auto& [id, group] : groups) std::sort(group.parents.begin(), group.parents.end());
  for (const auto& [id, group] : groups) {
    out.set(id, std::make_shared<const GroupNode>(GroupNode{group, groups_above(groups, group)}));
  }
  return {};
}

using KeyMap = state::PersistentMap<Key>;

void add_key(const state::Row& row, KeyMap& out) {
  if (row.integer(KeyColumn::kRevoked) != 0) return;
  auto key = std::make_shared<const Key>(row_key(row));
  out.set(key->id, key);
}

// Fewer are read before a thread would have begun.
constexpr std::size_t kKeysBeside = 4096;

// Keys are most of what there is. When their rows are all in memory, a second thread reads half of them, beside all
// else that is loaded; the destructor waits for it.
class KeysBeside {
 public:
  explicit KeysBeside(state::Tables& tables) {
    rows_ = tables.rows_in_memory("identity_keys");
    if (!rows_ || rows_->count < kKeysBeside) return;
    try {
      thread_ = std::thread([this] { read(1, others_); });
    } catch (const std::system_error&) {
      // There is none to be had: all are read on this one.
    }
  }
  ~KeysBeside() {
    if (thread_.joinable()) thread_.join();
  }
  KeysBeside(const KeysBeside&) = delete;
  KeysBeside& operator=(const KeysBeside&) = delete;

  bool begun() const { return thread_.joinable(); }
  // Reads the other half.
  void finish(KeyMap& out) {
    read(0, out);
    thread_.join();
    out.take_in(std::move(others_));
  }

 private:
  void read(unsigned side, KeyMap& out) const {
    rows_->each([&](const state::Row& row) {
      if (KeyMap::side(row.text(KeyColumn::kId)) == side) add_key(row, out);
      return true;
    });
  }

  std::optional<state::Tables::RowsInMemory> rows_;
  KeyMap others_;  // the thread's until it has ended
  std::thread thread_;
};

}  // namespace

Result<Identities> SnapshotBuilder::load(state::Tables& tables) {
  auto data = std::make_shared<Identities::Data>();
  const auto load_others = [&] {
    auto done = load_principals(tables, data->principals);
    return done ? load_groups(tables, data->groups) : done;
  };
  Result<> done;
  if (KeysBeside keys(tables); keys.begun()) {
    done = load_others();
    keys.finish(data->keys);
  } else {
    done = load_others();
    if (done) {
      done = take_rows(tables, "identity_keys", [&](const state::Row& row) {
        add_key(row, data->keys);
        return true;
      });
    }
  }
  if (!done) return done.error();
  return Identities(std::move(data));
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
