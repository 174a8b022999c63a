// Policies as they lie in the operator's folder. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "gateway/policy_bundle.h"

namespace redoubt::gateway {

// The files of a folder that end in `.cedar` or `.json`, by name; others are left out. kNotFound when there is no such
// folder; kTooLarge above the bundle's limits.
Result<std::vector<PolicyFile>> read_policies(FileSystem& fs, const std::string& folder);

}  // namespace redoubt::gateway
