// Evidence over the key that signs the ledger, as a record of it: made when the key, or the machine, has none yet, or
// none by the processor where there is to be one.
#pragma once

#include <optional>

#include "base/file.h"
#include "base/result.h"
#include "keeper/tpm_attester.h"
#include "ledger/keeper.h"
#include "tlog/note.h"

namespace redoubt {

// What the keeper is to append when it serves, which then writes the file ledger::kSignerEvidence of the working
// folder, the ledger's; nothing when that has evidence of this machine over this key. `fs` outlives the keeper. Waits
// for the TPM. Errors: those of the attester.
Result<std::optional<ledger::OwnRecord>> signer_statement(FileSystem& fs, TpmAttester& attester,
                                                          const tlog::NoteSigner& signer);

}  // namespace redoubt
