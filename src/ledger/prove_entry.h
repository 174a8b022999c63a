// The proof that an entry is in a log, for whoever has nothing but the log's key.
#pragma once

#include <string>

#include "base/result.h"
#include "ledger/reader.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

// C2SP tlog-proof (tlog/proof_file.h) of one entry, under the last checkpoint that witnesses have cosigned if that
// covers it, or else under the last one. kNotFound when none covers it: not yet, or there is no such entry. As the
// reader otherwise; its thread.
Result<std::string> prove_entry(LedgerReader& reader, tlog::LeafIndex index);

}  // namespace redoubt::ledger
