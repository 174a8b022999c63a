// Policies in Cedar's JSON form (Cedar reference, "JSON policy format"), both ways, so that other tools interoperate.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "policy/policy_set.h"

namespace redoubt::policy {

// {"staticPolicies": {id: policy}, "templates": {id: policy}, "templateLinks": [{newId, templateId, values}]}.
Checked<PolicySet> parse_policy_set_json(std::string_view json, const Limits& limits = {});
std::string to_json(const PolicySet& policies);

// One policy or template. The id is the caller's.
Checked<Policy> parse_policy_json(std::string_view json, std::string id, const Limits& limits = {});
std::string to_json(const Policy& policy);

// One expression; residuals, too, whose unknowns are {"unknown": {…}} calls.
std::string to_json(const Expr& expression);

}  // namespace redoubt::policy
