// Records in index order, from a file or a ledger's folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace redoubt::app::behaviour_verbs {

// Calls `take` with each record and its index until it fails. `where`:
// - a file of lines of JSON, or `-` for standard input: each line a record, numbered from zero, or what
//   `redoubt ledger follow` prints, numbered as that says. Empty lines are passed over.
// - a ledger's folder, or Redoubt's: the entries of all of its logs in the order in which they were committed, which is
//   their number. A commit that is not whole ends it.
// Errors: kNotFound, kIo, kCorrupt, kMalformed (a line that is neither), kTooLarge.
Result<> each_record(FileSystem& fs, const std::string& where,
                     const std::function<Result<>(std::uint64_t index, ByteView record)>& take);

}  // namespace redoubt::app::behaviour_verbs
