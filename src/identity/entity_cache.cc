#include "identity/entity_cache.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "identity/internal/snapshot_data.h"

namespace redoubt::identity {

// A store, and what it was made of: while that is the same, so is the store.
struct EntityCache::Entry {
  std::shared_ptr<const Principal> principal;
  std::vector<std::shared_ptr<const internal::GroupNode>> groups;  // direct ones
  UnixMillis from;                                                 // it holds from this time on
  UnixMillis until;            // and until this one, when a membership by break-glass ends
  std::uint64_t snapshot = 0;  // the number of the last one for which this was looked at
  std::shared_ptr<const policy::EntityStore> store;

  bool holds(const Identities::Data& data, UnixMillis now) const {
    if (now < from || now >= until || data.principals.find(principal->id) != principal.get()) return false;
    return std::all_of(groups.begin(), groups.end(),
                       [&](const auto& group) { return data.groups.find(group->group.id) == group.get(); });
  }
};

EntityCache::EntityCache(const policy::Schema* schema, std::size_t kept) : schema_(schema), max_(kept) {}
EntityCache::~EntityCache() = default;

std::shared_ptr<const policy::EntityStore> EntityCache::entities_of(const Identities& identities,
                                                                    const Principal& principal, UnixMillis now) {
  if (identities.data_ != last_) {
    last_ = identities.data_;
    ++snapshot_;
  }
  const Identities::Data& data = *last_;
  const auto found = entries_.find(principal.id);
  if (found != entries_.end()) {
    Entry& entry = *found->second;
    const bool looked_at = entry.snapshot == snapshot_ && now >= entry.from && now < entry.until;
    if (looked_at || entry.holds(data, now)) {
      entry.snapshot = snapshot_;
      return entry.store;
    }
  }

  auto entry = std::make_unique<Entry>();
  entry->principal = data.principals.share(principal.id);
  REDOUBT_CHECK(entry->principal.get() == &principal);
  for_each_direct_group(principal, now, [&](const std::string& id) { entry->groups.push_back(data.groups.share(id)); });
  entry->from = {std::numeric_limits<std::int64_t>::min()};
  entry->until = {std::numeric_limits<std::int64_t>::max()};
  for (const BreakGlass& membership : principal.break_glass) {
    if (now < membership.until) {
      entry->until = std::min(entry->until, membership.until);
    } else {
      entry->from = std::max(entry->from, membership.until);
    }
  }
  entry->snapshot = snapshot_;
  auto store = policy::EntityStore::build(identities.entities_of(principal, now), schema_);
  REDOUBT_CHECK(store.has_value());  // groups form no circle, and are as few as the limits say
  entry->store = *std::move(store);
  if (found == entries_.end() && entries_.size() >= max_) entries_.clear();
  return (entries_[principal.id] = std::move(entry))->store;
}

}  // namespace redoubt::identity
