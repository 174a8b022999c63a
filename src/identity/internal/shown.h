// How objects look in the `before` and `after` of records: all that people may see of them. Never a digest; of a
// display name only that there is one.
#pragma once

#include <string>

#include "identity/identities.h"

namespace redoubt::identity::internal {

std::string shown(const Principal& principal);
std::string shown(const Group& group);
std::string shown(const Key& key);

}  // namespace redoubt::identity::internal
