// Policies in Cedar's JSON form (Cedar reference, "JSON policy format"), both ways, so that other tools interoperate.
//
// Readers are stricter than the reference where it would pass over something: members that it does not know, an entity
// beside a slot, functions that do not exist or whose call cannot be written in Cedar's syntax, and keys that stand
// twice are refused. What is read prints, and reads back equal, in either form. Problems say where with `path`.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "policy/policy_set.h"

namespace redoubt::policy {

// {"staticPolicies": {id: policy}, "templates": {id: policy}, "templateLinks": [{newId, templateId, values}]}; what is
// left out is empty. Static policies come first in the set, then templates, each in the order written.
Checked<PolicySet> parse_policy_set_json(std::string_view json, const Limits& limits = {});
std::string to_json(const PolicySet& policies);

// One policy or template. The id is the caller's.
Checked<Policy> parse_policy_json(std::string_view json, std::string id, const Limits& limits = {});
std::string to_json(const Policy& policy);

// One expression; residuals, too, whose unknowns are written {"unknown": [{"Value": name}]}; no reader accepts
// those.
std::string to_json(const Expr& expression);

}  // namespace redoubt::policy
