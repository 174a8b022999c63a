// Groups in groups, as the tables have them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

// All that the group is in, and all that are in it; directly or not, sorted.
Result<std::vector<std::string>> groups_above(state::Tables& tables, std::string_view group);
Result<std::vector<std::string>> groups_below(state::Tables& tables, std::string_view group);

// Whether `group`, which is there or is to be, may have these parents: each is there, is not `administrators`, is of no
// tenant or of the same; no circle; nowhere more than kGroupsAboveMax above a group. kInvalidArgument, kNotFound.
Result<> check_parents(state::Tables& tables, std::string_view group, std::string_view tenant,
                       const std::vector<std::string>& parents);

}  // namespace redoubt::identity::internal
