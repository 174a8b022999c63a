// The signature lines of a log's own checkpoints, as its files have them. Verifiers of notes pass over lines of keys
// that they do not know; of what it stored itself a log knows every line but those of witnesses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/note.h"

namespace redoubt::ledger::internal {

// What is wrong with a line of a note that was opened, whose checkpoint has this root: nothing when each is one of the
// log's keys' and holds, as a signature of the note or of the root for receipts of COSE, or can be a witness's by its
// form. Those are for who knows the witnesses' keys.
std::optional<Error> fault_in_lines(const std::string& note, const tlog::Hash& root,
                                    const std::vector<tlog::VerifierKey>& log_keys);

// `keys`, and those that the log had before and since, as far as its history says to who trusts one of them.
std::vector<tlog::VerifierKey> with_history(FileSystem& fs, const std::string& log_directory,
                                            std::vector<tlog::VerifierKey> keys);

}  // namespace redoubt::ledger::internal
