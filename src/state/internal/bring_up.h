// From whatever lies on the disk to tables that say what the ledger says.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/result.h"
#include "state/engine.h"
#include "state/internal/commit_beside.h"
#include "state/internal/database.h"
#include "state/internal/fold.h"

namespace redoubt::state {

// Moves what is in the log of the tables into them, on a thread and a connection of its own. The destructor waits for
// it. Should it fail, a later commit does it.
class CheckpointBeside {
 public:
  explicit CheckpointBeside(const std::string& path);
  ~CheckpointBeside();
  CheckpointBeside(const CheckpointBeside&) = delete;
  CheckpointBeside& operator=(const CheckpointBeside&) = delete;

 private:
  std::thread thread_;
};

struct BroughtUp {
  std::unique_ptr<Database> database;     // null while it is being written
  std::unique_ptr<CommitBeside> writing;  // after many facts: what gives the database, later
  std::optional<Position> position;       // of the last fact
  Engine::Start start;
};

// Tables that are current, and the projections' memory from them. After many facts they are in memory alone, and being
// written; unless `wait` is set. Errors: Engine::open()'s; with `wait` those of the writing, too, kCorrupt excepted,
// for then the tables are made anew.
Result<BroughtUp> bring_up(const Engine::Settings& settings, std::span<Projection* const> projections,
                           FactSource& source, bool wait);

// From so many facts on, the log of the tables is emptied beside the rest of a start.
inline constexpr std::uint64_t kManyFacts = 10'000;

struct Made {
  std::uint64_t facts = 0;                // folded
  std::optional<Position> position;       // of the last one
  std::optional<std::uint64_t> snapshot;  // index of the snapshot's end that they began from
};

// Makes new tables at `path` from the ledger, in place of what is there: from its first entry, or, when that is gone,
// from the newest snapshot in it that is whole. Leaves nothing behind on an error. `end`: facts from this index on are
// left. Errors: kNotFound when the first entry is gone, and there is no whole snapshot.
Result<Made> make_tables(const std::string& path, std::span<Projection* const> projections, FactSource& source,
                         std::uint64_t end);

// The fact that the tables end with is the ledger's. kVerifyFailed when it is not.
Result<> check_on_ledger(const Position& position, FactSource& source);

// The folder that a file is in.
std::string folder_of(const std::string& path);

// Moves a database with what belongs to it, durably.
Result<> move_tables(FileSystem& files, const std::string& from, const std::string& to);

// Removes a database with what belongs to it; no error when it is not there.
Result<> remove_tables(const std::string& path);

}  // namespace redoubt::state
