// Snapshots in the ledger: all tables as a row of facts, so that entries before them may be deleted and the tables can
// still be made anew.
//
//   state.snapshot.part  (object snapshot/APPLIED, version after version)  some rows, sealed as the value `rows`
//   …                                                                      other facts come between
//   state.snapshot.end   which fact the tables were at, their digest, the index of the first part
//
// A part's rows are JSON, {"rows":[["toy_items","a",5,null],…]}: the table, then its columns; bytes as {"hex":"…"}.
// They hold what the tables hold, so also values that were sealed: an erasure is complete when a later snapshot is
// whole and the values `rows` of the parts before it are erased, too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "record/fact_record.h"
#include "state/engine.h"

namespace redoubt::state {

inline constexpr std::size_t kSnapshotPartBytes = 64 * 1024;  // of JSON; a part has one row more than would fit

struct SnapshotWritten {
  std::uint64_t end = 0;      // index of state.snapshot.end
  std::uint64_t applied = 0;  // the tables are those after this fact
  std::uint64_t parts = 0;
};

// Writes the tables as they are now; changes go on meanwhile, one of them after each part. `done` is called once, on
// the engine's thread, unless the engine ends before. Errors: propose()'s; kTooLarge for a row that fits in no part;
// kConflict when a snapshot at this fact was begun before. What was written of a snapshot that is not whole is never
// used. The engine must outlive what it was asked; its thread.
void write_snapshot(Engine& engine, const record::FactActor& actor, std::function<void(Result<SnapshotWritten>)> done);

// Entries of the system log before this index may be deleted: the newest whole snapshot needs none of them. Nothing
// when there is no snapshot.
std::optional<std::uint64_t> deletable_before(Tables& tables);

}  // namespace redoubt::state
