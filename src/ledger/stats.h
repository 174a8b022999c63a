// What a ledger holds, in numbers, from its files alone: to size disks and segments, and to see how far publication
// lags. Beside the keeper or without it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/logs.h"

namespace redoubt::ledger {

struct LogStats {
  std::string tenant;  // empty: the system log
  std::uint64_t entries = 0;
  std::uint64_t published = 0;     // covered by the checkpoint, which is not verified here
  std::uint64_t stored_bytes = 0;  // of its entries in the segments: headers, leaves, openings
  std::uint64_t leaf_bytes = 0;
  std::uint64_t opening_bytes = 0;              // sealed
  std::optional<std::int64_t> first_commit_ms;  // of its first entry; milliseconds since 1970
  std::optional<std::int64_t> last_commit_ms;   // of its last
  std::uint64_t checkpoint_bytes = 0;           // the file's

  std::uint64_t uncovered() const { return entries > published ? entries - published : 0; }
};

struct LedgerStats {
  std::vector<LogStats> logs;  // by number
  std::uint64_t segments = 0;
  std::uint64_t commits = 0;
  std::uint64_t entries = 0;
  std::uint64_t stored_bytes = 0;   // of entries
  std::uint64_t opening_bytes = 0;  // of these, sealed openings
  // Bytes of files, by kind. Segments and the spare have their full size from the start.
  std::uint64_t segment_file_bytes = 0;
  std::uint64_t hash_file_bytes = 0;
  std::uint64_t position_file_bytes = 0;
  std::uint64_t spare_file_bytes = 0;
};

// Reads every segment once; what is damaged ends it: kCorrupt, and check_ledger() says more. kNotFound when the folder
// holds no ledger. Others: the file system's.
Result<LedgerStats> ledger_stats(FileSystem& fs, const std::string& directory);

}  // namespace redoubt::ledger
