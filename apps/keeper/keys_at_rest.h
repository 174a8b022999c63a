// The keeper's keys, opened from the working folder, which is the keeper's: for a keeper that serves, and for errands.
#pragma once

#include <span>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "sealing/keeper_keys.h"
#include "sealing/sealing.h"
#include "tpm/tpm.h"

namespace redoubt {

// Sealed ones open in a state that was approved: what runs was measured before this program was started, and what was
// measured is in `measured/log`. `tpm`: null where none is configured. `redoubt`: its folder, for messages that say
// what to do. Errors: those of reading that log; those of sealing::open_keeper_keys().
Result<sealing::KeeperKeys> open_keys_at_rest(FileSystem& fs, tpm::Tpm* tpm,
                                              std::span<const sealing::KeptApproval> approvals,
                                              const std::string& redoubt);

}  // namespace redoubt
