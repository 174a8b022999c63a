// What a snapshot holds.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identities.h"
#include "state/persistent_map.h"

namespace redoubt::identity {
namespace internal {

// A group with all that it is in, directly or not, sorted. INVARIANT: made anew whenever that, or the parents of one of
// those, changes; so while it is the same object, so is everything above it.
struct GroupNode {
  Group group;
  std::vector<std::string> above;
};

}  // namespace internal

struct Identities::Data {
  state::PersistentMap<Principal> principals;        // by id, those that are not deleted
  state::PersistentMap<internal::GroupNode> groups;  // by id
  state::PersistentMap<Key> keys;                    // by id, those that are not revoked
};

// The groups that it is in directly or, at `now`, by break-glass.
template <class Take>
void for_each_direct_group(const Principal& principal, UnixMillis now, Take&& take) {
  for (const std::string& group : principal.groups) take(group);
  for (const BreakGlass& entry : principal.break_glass) {
    if (now < entry.until) take(entry.group);
  }
}

}  // namespace redoubt::identity
