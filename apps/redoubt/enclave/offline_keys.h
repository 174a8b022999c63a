// The keeper's keys for commands that open what records keep sealed while no server runs: the tables made anew, a
// backup restored, a review with its values. What the ledger's signer signs is the keeper's program's
// (redoubt/keeper_errands.h).
#pragma once

#include "base/result.h"
#include "keys/key_store.h"
#include "redoubt/layout.h"

namespace redoubt::app {

// How they rest. Sealed ones open as at a start: the TPM is told what this program and the keeper's are, and an
// approval must fit. `locked`: the caller holds the lock of lock_out_server() already. Errors: kUnavailable when a
// server runs, whose TPM it is; those of sealing::open_keeper_keys().
Result<keys::KeyStore> open_store_offline(const Layout& layout, bool locked);

}  // namespace redoubt::app
