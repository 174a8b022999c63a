// One policy or template in Cedar's JSON form.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "policy/internal/json_place.h"
#include "policy/internal/value_json.h"
#include "policy/limits.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

// Nothing, with problems, for what is none.
std::optional<Policy> read_policy(simdjson::dom::element json, std::string id, const Limits& limits,
                                  const JsonPlace& place, ProblemList& problems);

}  // namespace redoubt::policy::internal
