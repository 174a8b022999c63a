#include "state/internal/bring_up.h"

#include <array>
#include <optional>
#include <system_error>
#include <thread>

#include "base/check.h"
#include "base/file.h"
#include "encoding/base64.h"
#include "state/internal/replay.h"
#include "state/internal/schema.h"
#include "state/internal/snapshot_source.h"

namespace redoubt::state {

namespace {

constexpr std::array<std::string_view, 3> kSuffixes{"", "-wal", "-shm"};
constexpr int kSetAsideMax = 99;

bool exists(FileSystem& files, const std::string& path) {
  return files.open(path, OpenMode::kReadOnly).has_value();
}

Result<std::string> set_aside(const std::string& path) {
  PosixFileSystem files;
  for (int number = 1; number <= kSetAsideMax; ++number) {
    std::string to = path + ".damaged-" + std::to_string(number);
    if (exists(files, to) || exists(files, to + "-wal")) continue;
    if (auto moved = move_tables(files, path, to); !moved) return moved.error();
    return to;
  }
  return Error(Errc::kResourceExhausted, "`" + path + "` is damaged, and there are " + std::to_string(kSetAsideMax) +
                                             " damaged ones beside it already");
}

// The tables as they are, migrated, or what to do instead of using them.
struct Found {
  std::unique_ptr<Database> database;  // null: none that can be used
  bool damaged = false;
  std::string why;
};

Result<Found> look(const std::string& path, std::span<Projection* const> projections) {
  PosixFileSystem files;
  auto file = files.open(path, OpenMode::kReadWrite);
  if (!file && file.error().code() == Errc::kNotFound) return Found{.why = "there were none"};
  if (!file) return file.error();
  auto size = (*file)->size();
  if (!size) return size.error();
  // SQLite would take what is missing for zeros.
  if (*size >= Database::kPageSize && *size % Database::kPageSize != 0) {
    return Found{.damaged = true, .why = "the file ends within a page"};
  }
  const auto damaged = [](const Error& error) -> Result<Found> {
    if (error.code() != Errc::kCorrupt) return error;
    return Found{.damaged = true, .why = error.message()};
  };
  auto database = Database::open(path, Database::Use::kLive);
  if (!database) return damaged(database.error());
  if (auto whole = (*database)->check_integrity(true); !whole) return damaged(whole.error());
  auto fit = migrate(**database, projections);
  if (!fit) return damaged(fit.error());
  switch (*fit) {
    case SchemaFit::kReady:
    case SchemaFit::kOlder:
      break;
    case SchemaFit::kEmpty:
      return Found{.why = "the file was empty"};
    case SchemaFit::kFoldNew:
      return Found{.why = "this program makes more of facts than the one before"};
  }
  return Found{.database = *std::move(database)};
}

// Whether facts between the tables and what the ledger still has are gone.
Result<bool> is_behind(Database& database, FactSource& source) {
  auto first = source.first();
  if (!first) return first.error();
  if (*first == 0) return false;
  Fold fold(database, {});
  if (auto loaded = fold.load(); !loaded) return loaded.error();
  return !fold.position() || fold.position()->index < *first;
}

std::string short_hash(const tlog::Hash& hash) {
  return encoding::hex(ByteView(hash).first(8));
}

}  // namespace

CheckpointBeside::CheckpointBeside(const std::string& path) {
  try {
    thread_ = std::thread([path] {
      auto database = Database::open(path, Database::Use::kLive);
      if (database) (void)(*database)->checkpoint();
    });
  } catch (const std::system_error&) {
    // No thread is to be had: as if it had failed.
  }
}

CheckpointBeside::~CheckpointBeside() {
  if (thread_.joinable()) thread_.join();
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The log goes first: without its database it is nothing, but beside another
// it would be taken for that one's.
Result<> move_tables(FileSystem& files, const std::string& from, const std::string& to) {
  for (auto suffix = kSuffixes.rbegin(); suffix != kSuffixes.rend(); ++suffix) {
    const std::string source = from + std::string(*suffix);
    if (!exists(files, source)) continue;
    if (auto moved = files.rename(source, to + std::string(*suffix)); !moved) return moved;
  }
  return files.sync_directory(folder_of(to));
}

Result<> remove_tables(const std::string& path) {
  PosixFileSystem files;
  for (const std::string_view suffix : {"-wal", "-shm", "-journal", ""}) {
    if (auto removed = files.remove(path + std::string(suffix));
        !removed && removed.error().code() != Errc::kNotFound) {
      return removed;
    }
  }
  return {};
}

Result<> check_on_ledger(const Position& position, FactSource& source) {
  auto size = source.size();
  if (!size) return size.error();
  const std::string where = "the tables end with entry " + std::to_string(position.index);
  const std::string meaning = "; the ledger was rolled back, or is another one";
  if (position.index >= *size) {
    return Error(Errc::kVerifyFailed, where + ", and the ledger has " + std::to_string(*size) + meaning);
  }
  auto entry = source.read_one(position.index);
  if (!entry) return entry.error().in(where);
  if (entry->leaf_hash != position.leaf_hash) {
    return Error(Errc::kVerifyFailed, where + " with hash " + short_hash(position.leaf_hash) +
                                          "…, and that of the ledger has " + short_hash(entry->leaf_hash) + "…" +
                                          meaning);
  }
  return {};
}

namespace {

// An empty database, in place of one that was begun.
Result<std::unique_ptr<Database>> begin_tables(const std::string& path) {
  if (auto removed = remove_tables(path); !removed) return removed.error();
  return Database::open(path, Database::Use::kScratch);
}

// Tables to fold on from, at `path`: those of the newest whole snapshot, or, while the ledger has its first entry,
// empty ones.
Result<std::unique_ptr<Database>> first_tables(const std::string& path, std::span<Projection* const> projections,
                                               FactSource& source, std::uint64_t end, Made& made) {
  auto first = source.first();
  if (!first) return first.error();
  if (*first == 0) {
    auto database = begin_tables(path);
    if (!database) return database;
    if (auto schema = make_schema(**database, projections); !schema) return schema.error();
    return database;
  }
  auto snapshots = find_snapshots(source, end);
  if (!snapshots) return snapshots.error();
  std::string why = "there is no snapshot";
  for (const FoundSnapshot& snapshot : *snapshots) {
    auto database = begin_tables(path);
    if (!database) return database;
    auto loaded = load_snapshot(**database, projections, source, snapshot);
    if (loaded) {
      made.snapshot = snapshot.end;
      return database;
    }
    // Parts that are gone or not what they should be: an earlier snapshot may do.
    const Errc code = loaded.error().code();
    if (code != Errc::kNotFound && code != Errc::kCorrupt && code != Errc::kMalformed) return loaded.error();
    if (snapshot.end == snapshots->front().end) why = loaded.error().message();
  }
  return Error(Errc::kNotFound, "the ledger begins with entry " + std::to_string(*first) +
                                    ", and the tables cannot be made from a snapshot: " + why);
}

Result<Made> make_beside(const std::string& path, std::span<Projection* const> projections, FactSource& source,
                         std::uint64_t end, bool load) {
  Made made;
  auto database = first_tables(path, projections, source, end, made);
  if (!database) return database.error();
  Fold fold(**database, projections);
  if (auto loaded = fold.load(); !loaded) return loaded.error();
  auto folded = replay(**database, fold, source, {.end = end, .each = {}, .at_once = true, .load = load});
  if (!folded) return folded.error();
  made.facts = *folded;
  made.position = fold.position();
  return made;
}

// From so many facts on the log of the tables is emptied beside the rest of a start.
constexpr std::uint64_t kManyFacts = 10'000;

Result<std::uint64_t> fold_tail(Database& database, Fold& fold, FactSource& source, bool load) {
  const Database::LeaveInLog leave(database);
  return replay(database, fold, source, {.load = load});
}

}  // namespace

Result<Made> make_tables(const std::string& path, std::span<Projection* const> projections, FactSource& source,
                         std::uint64_t end, bool load) {
  const std::string building = path + ".building";
  auto made = make_beside(building, projections, source, end, load);
  Result<> done;
  if (!made) {
    done = made.error();
  } else {
    PosixFileSystem files;
    auto file = files.open(building, OpenMode::kReadWrite);
    done = file ? (*file)->sync_data() : file.error();
    if (done) done = remove_tables(path);
    if (done) done = move_tables(files, building, path);
  }
  if (!done) {
    (void)remove_tables(building);
    return done.error();
  }
  return made;
}

Result<BroughtUp> bring_up(const std::string& path, std::span<Projection* const> projections, FactSource& source) {
  BroughtUp up;
  // Folds what is missing, and reads all that the projections keep in memory, unless that is done.
  const auto catch_up = [&](Database& database, bool loaded_before) -> Result<> {
    Fold fold(database, projections);
    if (auto loaded = fold.load(); !loaded) return loaded;
    if (fold.position()) {
      if (auto same = check_on_ledger(*fold.position(), source); !same) return same;
    }
    auto folded = fold_tail(database, fold, source, !loaded_before);
    if (!folded) return folded.error();
    up.start.replayed += *folded;
    if (*folded >= kManyFacts) up.checkpoint = std::make_unique<CheckpointBeside>(path);
    return loaded_before && *folded > 0 ? fold.load_projections(database) : Result<>();
  };

  auto found = look(path, projections);
  if (!found) return found.error();
  if (found->database) {
    auto behind = is_behind(*found->database, source);
    if (!behind) return behind.error();
    if (*behind) *found = {.why = "they were older than what the ledger still has"};
  }
  if (found->database) {
    auto done = catch_up(*found->database, false);
    if (done) {
      up.database = std::move(found->database);
      return up;
    }
    if (done.error().code() != Errc::kCorrupt) return done.error();
    *found = {.damaged = true, .why = done.error().message()};
  }
  if (found->damaged) {
    auto to = set_aside(path);
    if (!to) return to.error();
    up.start.set_aside = *std::move(to);
  }
  up.start.rebuilt = true;
  up.start.why_rebuilt = found->why;
  auto made = make_tables(path, projections, source, std::numeric_limits<std::uint64_t>::max(), true);
  if (!made) return made.error();
  up.start.replayed = made->facts;
  auto database = Database::open(path, Database::Use::kLive);
  if (!database) return database.error();
  if (auto done = catch_up(**database, true); !done) return done.error();
  up.database = *std::move(database);
  return up;
}

}  // namespace redoubt::state
