// Policies on their way from the operator's folder to the process that decides by them, which may not open it.
//
// Pure functions but for the reading of folders; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "gateway/policy_bundle.h"

namespace redoubt::gateway {

inline constexpr std::size_t kMaxPackedPolicies = 3 * PolicyBundle::kMaxBytes;  // JSON escapes take room

// The files of a folder that end in `.cedar` or `.json`, by name; others are left out. kNotFound when there is no such
// folder; kTooLarge above the bundle's limits.
Result<std::vector<PolicyFile>> read_policies(FileSystem& fs, const std::string& folder);

// [{"name": …, "text": …}, …]. kMalformed for text that is not UTF-8.
Result<std::string> pack_policies(const std::vector<PolicyFile>& files);
Result<std::vector<PolicyFile>> unpack_policies(std::string_view json);

}  // namespace redoubt::gateway
