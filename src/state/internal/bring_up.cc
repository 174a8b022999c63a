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

// What tables are made of, until they are in place.
struct Building {
  Made made;
  std::unique_ptr<Database> database;
  std::unique_ptr<Fold> fold;
};

// All in one transaction, which `leave_open` leaves open after many facts.
Result<Building> fold_all(const std::string& path, std::span<Projection* const> projections, FactSource& source,
                          std::uint64_t end, bool leave_open) {
  Building building;
  auto database = first_tables(path, projections, source, end, building.made);
  if (!database) return database.error();
  building.database = *std::move(database);
  building.fold = std::make_unique<Fold>(*building.database, projections);
  if (auto loaded = building.fold->load(); !loaded) return loaded.error();
  auto folded = replay(*building.database, *building.fold, source,
                       {.end = end, .each = {}, .at_once = true, .leave_open = leave_open});
  if (!folded) return folded.error();
  building.made.facts = *folded;
  building.made.position = building.fold->position();
  return building;
}

// Tables that nobody has open, durably in place of what is there.
Result<> put_in_place(const std::string& building, const std::string& path) {
  PosixFileSystem files;
  auto file = files.open(building, OpenMode::kReadWrite);
  if (!file) return file.error();
  if (auto synced = (*file)->sync_data(); !synced) return synced;
  if (auto removed = remove_tables(path); !removed) return removed;
  return move_tables(files, building, path);
}

std::string building_path(const std::string& path) {
  return path + ".building";
}

// Ends the transaction in which `database` was folded into, on whatever thread.
Result<> end_transaction(Database& database, Fold& fold) {
  fold.store();
  return database.commit_leaving_rows();
}

using NextDatabase = Result<std::unique_ptr<Database>>;
using Writing = Engine::Settings::Writing;
using OnWriting = std::function<void(Writing)>;

void reach(const OnWriting& on_writing, Writing step) {
  if (on_writing) on_writing(step);
}

// Writes a tail that was folded.
class WriteTail {
 public:
  WriteTail(Database& database, std::unique_ptr<Fold> fold, OnWriting on_writing)
      : database_(database), log_(database), fold_(std::move(fold)), on_writing_(std::move(on_writing)) {}
  NextDatabase operator()() {
    reach(on_writing_, Writing::kBegins);
    if (auto done = end_transaction(database_, *fold_); !done) return done.error();
    reach(on_writing_, Writing::kCommitted);
    return std::unique_ptr<Database>();
  }

 private:
  Database& database_;
  const Database::LeaveInLog log_;
  const std::unique_ptr<Fold> fold_;
  const OnWriting on_writing_;
};

// Writes new tables, and opens them where they are to be.
NextDatabase write_new(Database& database, Fold& fold, const std::string& path, const OnWriting& on_writing) {
  const std::string building = building_path(path);
  reach(on_writing, Writing::kBegins);
  Result<> done = end_transaction(database, fold);
  database.close_leaving_rows();
  if (done) {
    reach(on_writing, Writing::kCommitted);
    done = put_in_place(building, path);
  }
  if (!done) {
    (void)remove_tables(building);
    return done.error();
  }
  reach(on_writing, Writing::kInPlace);
  return Database::open(path, Database::Use::kLive);
}

class BringingUp {
 public:
  BringingUp(const Engine::Settings& settings, std::span<Projection* const> projections, FactSource& source, bool wait)
      : path_(settings.path),
        on_writing_(settings.on_writing_for_test),
        projections_(projections),
        source_(source),
        wait_(wait) {}

  Result<BroughtUp> run();

 private:
  Result<> catch_up(std::unique_ptr<Database> database);
  Result<> make_new();
  Result<> write_beside(std::unique_ptr<Database> database, CommitBeside::Job job);

  const std::string& path_;
  const OnWriting& on_writing_;
  const std::span<Projection* const> projections_;
  FactSource& source_;
  const bool wait_;
  BroughtUp up_;
};

Result<> BringingUp::write_beside(std::unique_ptr<Database> database, CommitBeside::Job job) {
  auto writing = std::make_unique<CommitBeside>(std::move(database), std::move(job));
  if (!wait_) {
    up_.writing = std::move(writing);
    return {};
  }
  auto written = writing->finish();
  if (!written) return written.error();
  up_.database = *std::move(written);
  return {};
}

// Folds what is missing, and reads all that the projections keep in memory.
Result<> BringingUp::catch_up(std::unique_ptr<Database> database) {
  auto fold = std::make_unique<Fold>(*database, projections_);
  if (auto loaded = fold->load(); !loaded) return loaded;
  if (fold->position()) {
    if (auto same = check_on_ledger(*fold->position(), source_); !same) return same;
  }
  auto folded = [&] {
    const Database::LeaveInLog leave(*database);
    return replay(*database, *fold, source_, {.leave_open = true});
  }();
  if (!folded) return folded.error();
  if (auto loaded = fold->load_projections(*database); !loaded) return loaded;
  up_.start.replayed = *folded;
  up_.position = fold->position();
  if (!database->in_transaction()) {
    up_.database = std::move(database);
    return {};
  }
  CommitBeside::Job job = [tail = std::make_shared<WriteTail>(*database, std::move(fold), on_writing_)] {
    return (*tail)();
  };
  return write_beside(std::move(database), std::move(job));
}

Result<> BringingUp::make_new() {
  const std::string at = building_path(path_);
  const auto failed = [&](const Error& why) -> Result<> {
    (void)remove_tables(at);
    return why;
  };
  auto building = fold_all(at, projections_, source_, std::numeric_limits<std::uint64_t>::max(), true);
  if (!building) return failed(building.error());
  if (!building->database->in_transaction()) {
    building->fold.reset();
    building->database.reset();
    if (auto placed = put_in_place(at, path_); !placed) return failed(placed.error());
    auto database = Database::open(path_, Database::Use::kLive);
    if (!database) return database.error();
    if (auto done = catch_up(*std::move(database)); !done) return done;
    up_.start.replayed += building->made.facts;
    return {};
  }
  up_.start.replayed = building->made.facts;
  up_.position = building->made.position;
  if (auto loaded = building->fold->load_projections(*building->database); !loaded) {
    building->fold.reset();
    building->database.reset();
    return failed(loaded.error());
  }
  CommitBeside::Job job = [&database = *building->database, fold = std::shared_ptr<Fold>(std::move(building->fold)),
                           path = path_,
                           on_writing = on_writing_] { return write_new(database, *fold, path, on_writing); };
  return write_beside(std::move(building->database), std::move(job));
}

Result<BroughtUp> BringingUp::run() {
  auto found = look(path_, projections_);
  if (!found) return found.error();
  if (found->database) {
    auto behind = is_behind(*found->database, source_);
    if (!behind) return behind.error();
    if (*behind) *found = {.why = "they were older than what the ledger still has"};
  }
  if (found->database) {
    auto done = catch_up(std::move(found->database));
    if (done) return std::move(up_);
    if (done.error().code() != Errc::kCorrupt) return done.error();
    *found = {.damaged = true, .why = done.error().message()};
  }
  if (found->damaged) {
    auto to = set_aside(path_);
    if (!to) return to.error();
    up_.start.set_aside = *std::move(to);
  }
  up_.start.rebuilt = true;
  up_.start.why_rebuilt = found->why;
  if (auto made = make_new(); !made) return made.error();
  return std::move(up_);
}

}  // namespace

Result<Made> make_tables(const std::string& path, std::span<Projection* const> projections, FactSource& source,
                         std::uint64_t end) {
  const std::string at = building_path(path);
  auto building = fold_all(at, projections, source, end, false);
  Result<> done;
  if (!building) {
    done = building.error();
  } else {
    building->fold.reset();
    building->database.reset();
    done = put_in_place(at, path);
  }
  if (!done) {
    (void)remove_tables(at);
    return done.error();
  }
  return std::move(building->made);
}

Result<BroughtUp> bring_up(const Engine::Settings& settings, std::span<Projection* const> projections,
                           FactSource& source, bool wait) {
  return BringingUp(settings, projections, source, wait).run();
}

}  // namespace redoubt::state
