// Snapshots found in the ledger, and tables made of them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "state/engine.h"
#include "state/internal/database.h"
#include "state/internal/own_facts.h"
#include "state/projection.h"

namespace redoubt::state {

struct FoundSnapshot {
  std::uint64_t end = 0;  // index of state.snapshot.end
  Milestone milestone;
};

// Those whose facts are all there, and all facts after them, before the entry `end`; the newest first. They may still
// turn out not to be whole.
Result<std::vector<FoundSnapshot>> find_snapshots(FactSource& source, std::uint64_t end);

// Fills an empty database with the tables of the snapshot, and brings them to the newest schema. Errors: kNotFound when
// a part is missing or its rows were erased; kCorrupt when the tables are not those that the snapshot's end names;
// kUnsupported when this program cannot use tables so old, or so new.
Result<> load_snapshot(Database& database, std::span<Projection* const> projections, FactSource& source,
                       const FoundSnapshot& snapshot);

}  // namespace redoubt::state
