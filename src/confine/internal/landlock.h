// The kernel's interface to Landlock: its newest form, told to the kernel as far as it knows it.
#pragma once

#include "base/result.h"
#include "confine/restrict.h"

namespace redoubt::confine::internal {

// 0 when the kernel has no Landlock or has it switched off.
int landlock_abi();

// Applies files, ports and signals, and notes in `report` which. Precondition: report.landlock_abi is set.
Result<> restrict_access(const Restrictions& wanted, Report& report);

}  // namespace redoubt::confine::internal
