// The tables made anew from the ledger, and compared with those in use.
//
// The fold is total and deterministic, so the two are the same, byte for byte of their rows, unless a file was damaged
// or altered, or the fold has a mistake.
//
// Blocking, and long for a long ledger: on a thread of its own, or in a process of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::state {

struct RebuildReport {
  struct Table {
    std::string name;
    std::string rebuilt;  // digests as Engine::table_digests() has them; empty: there is no such table
    std::string found;
    bool equal() const { return rebuilt == found; }
  };
  std::uint64_t facts = 0;                // folded
  std::optional<std::uint64_t> applied;   // index of the last one
  std::optional<std::uint64_t> snapshot;  // index of the snapshot's end that it began from; none: from the first fact
  std::vector<Table> tables;              // sorted by name
  bool compared = false;                  // there were tables that could be read
  std::string why_not_compared;
  bool equal() const;  // all tables are; false when nothing was compared
};

// Makes the tables at `path` anew and puts them in place of those found there, which are compared with before, as far
// as they can be read. No engine may have them open. Errors: those of the source and the disk; then the old ones stay.
Result<RebuildReport> rebuild(const std::string& path, std::span<Projection* const> projections, FactSource& source);

// Makes them beside `path`, as far as those at `path` have come, compares, and removes them again. An engine may go on
// with those at `path`: they are only read, as they were at one moment. The memory of `projections` is not touched.
// Errors: kNotFound when there are none; kVerifyFailed when they know of facts that the ledger does not have.
Result<RebuildReport> check_tables(const std::string& path, std::span<Projection* const> projections,
                                   FactSource& source);

}  // namespace redoubt::state
