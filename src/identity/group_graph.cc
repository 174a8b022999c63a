#include "identity/internal/group_graph.h"

#include <algorithm>
#include <set>
#include <utility>

#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

// The tables' groups, with other parents for one of them.
class Changed {
 public:
  Changed(state::Tables& tables, std::string_view group, const std::vector<std::string>& parents) : tables_(tables) {
    parents_.emplace(group, parents);
  }

  // Nothing when there are more than kGroupsAboveMax.
  std::optional<std::set<std::string>> above(const std::string& group) {
    std::set<std::string> above;
    std::vector<std::string> open{group};
    while (!open.empty()) {
      const std::string at = std::move(open.back());
      open.pop_back();
      for (const std::string& parent : parents_of(at)) {
        if (!above.insert(parent).second) continue;
        if (above.size() > kGroupsAboveMax) return std::nullopt;
        open.push_back(parent);
      }
    }
    return above;
  }

 private:
  const std::vector<std::string>& parents_of(const std::string& group) {
    const auto known = parents_.find(group);
    if (known != parents_.end()) return known->second;
    return parents_.emplace(group, texts(tables_, "SELECT parent FROM identity_parents WHERE grp = ?1", {group}))
        .first->second;
  }

  state::Tables& tables_;
  std::map<std::string, std::vector<std::string>> parents_;
};

}  // namespace

Result<std::vector<std::string>> groups_above(state::Tables& tables, std::string_view group) {
  return read_texts(
      tables,
      "WITH RECURSIVE above(id) AS (SELECT parent FROM identity_parents WHERE grp = ?1 UNION "
      "SELECT parent FROM identity_parents JOIN above ON grp = above.id) SELECT id FROM above ORDER BY id",
      {group});
}

Result<std::vector<std::string>> groups_below(state::Tables& tables, std::string_view group) {
  return read_texts(
      tables,
      "WITH RECURSIVE below(id) AS (SELECT grp FROM identity_parents WHERE parent = ?1 UNION "
      "SELECT grp FROM identity_parents JOIN below ON parent = below.id) SELECT id FROM below ORDER BY id",
      {group});
}

Result<> check_parents(state::Tables& tables, std::string_view group, std::string_view tenant,
                       const std::vector<std::string>& parents) {
  for (const std::string& parent : parents) {
    if (parent == kAdministrators) {
      return Error(Errc::kInvalidArgument, "no group is in `administrators`: its members are in it directly");
    }
    const auto found = live_group(tables, parent);
    if (!found) return Error(Errc::kNotFound, "there is no group `" + parent + "`");
    if (!found->tenant.empty() && found->tenant != tenant) {
      return Error(Errc::kInvalidArgument, "the group `" + parent + "` is another tenant's");
    }
  }
  Changed changed(tables, group, parents);
  const std::string self(group);
  auto affected = groups_below(tables, group);
  if (!affected) return {};  // kept by the tables: the fold fails
  affected->push_back(self);
  for (const std::string& one : *affected) {
    const auto above = changed.above(one);
    if (!above) {
      return Error(Errc::kInvalidArgument, "above the group `" + one + "` there would be more than " +
                                               std::to_string(kGroupsAboveMax) + " groups");
    }
    if (one == self && above->contains(self)) {
      return Error(Errc::kInvalidArgument, "the group `" + self + "` would be in itself");
    }
  }
  return {};
}

}  // namespace redoubt::identity::internal
