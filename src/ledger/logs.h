// The logs of a ledger: one for each tenant, and one, `system`, for what belongs to no tenant.
//
// They share segments and commits, and nothing else: each has its own origin, indices, tree and checkpoint. On the disk
// and in messages a log goes by a number. The system log is number 0 and lies in the ledger's folder itself; tenant
// logs lie in `t/NAME/` there, numbered from 1 in the order of the file `tenants`, which only ever grows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace redoubt::ledger {

using LogNumber = std::uint32_t;
inline constexpr LogNumber kSystemLog = 0;
inline constexpr std::string_view kSystemLogName = "system";
inline constexpr std::size_t kMaxTenants = 1000;

// 1 to 64 of a-z 0-9 and, not in front, . _ -; `system` is taken.
bool is_tenant_name(std::string_view name);

// The log's name in checkpoints and receipts: `ORIGIN/t/TENANT`, and ORIGIN itself for the system log, whose tenant is
// empty.
std::string log_origin(std::string_view origin, std::string_view tenant);

// Where the log's hashes, positions and checkpoint are; `directory` is the ledger's.
std::string log_directory(const std::string& directory, std::string_view tenant);

// The tenants that have a log, in the order of their numbers: the one at [i] has number i + 1. Empty when the ledger
// has the system log only. kCorrupt when the file does not have its form.
Result<std::vector<std::string>> read_tenants(FileSystem& fs, const std::string& directory);

// The number of the tenant's log; of the system log for an empty name. kNotFound when the ledger has no log of it.
Result<LogNumber> find_log(FileSystem& fs, const std::string& directory, std::string_view tenant);

// Gives numbers to those of `wanted` that have none, durably, and returns what read_tenants() does from then on.
// kInvalidArgument for a name that is no tenant's; kResourceExhausted above kMaxTenants.
Result<std::vector<std::string>> add_tenants(FileSystem& fs, const std::string& directory,
                                             const std::vector<std::string>& wanted);

}  // namespace redoubt::ledger
