// Rows of tables as JSON, and back.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "state/internal/database.h"

namespace redoubt::state {

// Collects rows into parts of at least kSnapshotPartBytes, but for the last.
class SnapshotRows {
 public:
  void add(std::string_view table, const Database::Cells& cells);
  bool full() const;
  bool empty() const { return rows_.empty(); }
  // What was collected, as a part's value; begins anew.
  std::string take();

 private:
  std::string rows_;
};

// Calls `take` for each row of a part, in order; views during the call. kMalformed for what take() above does not make.
Result<> read_snapshot_rows(encoding::JsonReader& reader, std::string_view part,
                            const std::function<Result<>(std::string_view table, const Database::Cells& cells)>& take);

}  // namespace redoubt::state
