// Records in index order, from a file or a ledger's folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "ledger/entry.h"

namespace redoubt::app::behaviour_verbs {

struct SourceEntry {
  std::uint64_t index = 0;
  ByteView record;
  const ledger::EntryView* entry = nullptr;  // where it lies in a ledger; null: it came from a file
};

// Calls `take` with each record until it fails. `where`:
// - a file of lines of JSON, or `-` for standard input: each line a record, numbered from zero, or what
//   `redoubt ledger follow` prints, numbered as that says. Empty lines are passed over.
// - a ledger's folder, or Redoubt's: the entries of all of its logs in the order in which they were committed, which is
//   their number. A commit that is not whole ends it.
// Errors: kNotFound, kIo, kCorrupt, kMalformed (a line that is neither), kTooLarge.
Result<> each_record(FileSystem& fs, const std::string& where,
                     const std::function<Result<>(const SourceEntry& entry)>& take);

// The folder of the keys of features that belongs to `where`; empty when `where` is not Redoubt's folder.
std::string feature_folder(FileSystem& fs, const std::string& where);

}  // namespace redoubt::app::behaviour_verbs
