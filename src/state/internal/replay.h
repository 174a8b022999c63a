// Facts folded from the ledger: the tail at the start, or all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/result.h"
#include "state/engine.h"
#include "state/internal/database.h"
#include "state/internal/fold.h"

namespace redoubt::state {

// Values and facts as the source has them.
class BesideSource final : public Beside {
 public:
  explicit BesideSource(FactSource& source) : source_(source) {}
  Result<Values> values_of(std::uint64_t index, const record::Fact& fact) override;
  Result<bool> is_fact(std::uint64_t index) override;

 private:
  FactSource& source_;
  record::FactReader reader_;
};

// Enough for the rows of 1,300,000 facts, as those of principals and keys are.
inline constexpr std::size_t kReplayRowsBytes = 512 * 1024 * 1024;

struct Replay {
  // Entries from this index on are left.
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  // Called for each fact once it is folded, within the transaction; may be empty.
  std::function<void(std::uint64_t index, const Folded&)> each;
  // In one transaction, however many they are: for tables that are thrown away after an error.
  bool at_once = false;
  // Leaves the last transaction open when it changed so many rows that they are better written beside the rest: those
  // stay in memory then (Database::in_transaction(), CommitBeside), and `fold` is to be stored.
  bool leave_open = false;
  // Memory for rows, between the first fact and the last.
  std::size_t rows_bytes = kReplayRowsBytes;
};

// Folds what the source has beyond fold.position(), in large transactions. How many facts that was. After an error the
// tables are at the end of one of the transactions, and `fold` with them.
Result<std::uint64_t> replay(Database& database, Fold& fold, FactSource& source, const Replay& options = {});

}  // namespace redoubt::state
