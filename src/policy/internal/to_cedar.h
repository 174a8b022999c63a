// Parts of policies in Cedar's own syntax, as to_cedar() of policy_set.h prints the whole.
//
// Pure functions; any thread.
#pragma once

#include <string>

#include "policy/policy_set.h"

namespace redoubt::policy::internal {

std::string to_cedar(const Scope& scope, const std::string& part);  // part: `principal`, `action` or `resource`
std::string to_cedar(const Condition& condition);                   // `when { … }`

}  // namespace redoubt::policy::internal
