#include "state/backup.h"

#include <limits>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "state/internal/backup_file.h"
#include "state/internal/bring_up.h"
#include "state/internal/digest.h"
#include "state/internal/own_facts.h"
#include "state/internal/replay.h"
#include "state/internal/schema.h"

namespace redoubt::state {

namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

// A database that is gone when this is: what is in it is not sealed.
class Temporary {
 public:
  static Result<Temporary> at(std::string path) {
    if (auto removed = remove_tables(path); !removed) return removed.error();
    return Temporary(std::move(path));
  }
  Temporary(Temporary&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Temporary& operator=(Temporary&&) = delete;
  ~Temporary() {
    if (!path_.empty()) (void)remove_tables(path_);
  }
  const std::string& path() const { return path_; }

 private:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Result<std::optional<Position>> position_of(Database& database) {
  Fold fold(database, {});
  if (auto loaded = fold.load(); !loaded) return loaded.error();
  return fold.position();
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------- backing up

Result<BackupMade> backup(const std::string& path, const BackupSettings& settings, FileSystem& files,
                          const std::string& to) {
  BackupMade made{.header = {.made = settings.now, .checkpoint_note = settings.checkpoint_note}};
  auto copy = Temporary::at(path + ".copying");
  if (!copy) return copy.error();
  {
    auto database = Database::open(path, Database::Use::kReadOnly);
    if (!database) return database.error();
    if (auto begun = (*database)->begin_reading(); !begun) return begun.error();
    auto position = position_of(**database);
    if (!position) return position.error();
    if (!*position) return Error(Errc::kInvalidArgument, "there are no facts yet");
    made.header.applied = (*position)->index;
    made.header.leaf_hash = (*position)->leaf_hash;
    auto digests = table_digests(**database);
    if (!digests) return digests.error();
    made.digest = digest_of(*digests);
    if (auto copied = (*database)->copy_to(copy->path()); !copied) return copied.error();
  }
  auto content = files.open(copy->path(), OpenMode::kReadOnly);
  if (!content) return content.error();
  auto size = (*content)->size();
  if (!size) return size.error();
  made.header.content_size = *size;

  // Under another name until it is whole.
  if (files.open(to, OpenMode::kReadOnly)) return Error(Errc::kAlreadyExists, "there is a file `" + to + "` already");
  const std::string part = to + ".part";
  (void)files.remove(part);
  const auto write = [&]() -> Result<> {
    auto out = files.open(part, OpenMode::kCreateNew);
    if (!out) return out.error();
    if (auto sealed = seal_backup(made.header, settings.recipient, **content, **out); !sealed) return sealed;
    if (auto synced = (*out)->sync_data(); !synced) return synced;
    if (auto renamed = files.rename(part, to); !renamed) return renamed;
    return files.sync_directory(folder_of(to));
  };
  if (auto written = write(); !written) {
    (void)files.remove(part);
    return written.error();
  }
  return made;
}

Result<Proposal> propose_backup_begin(std::string_view recipient, std::uint64_t expects) {
  if (!is_digest(recipient))
    return Error(Errc::kInvalidArgument, "`recipient` is 64 characters of lower-case hexadecimal");
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("recipient", recipient);
  json.end_object();
  Proposal out{.kind = std::string(kBackupBeginKind), .object = std::string(kBackupsObject), .expects = expects};
  out.body = std::move(body);
  return out;
}

Proposal propose_backup_record(const BackupMade& made, const record::FactActor& actor, std::uint64_t expects) {
  return {
      .kind = std::string(kBackupKind),
      .object = "backup/" + std::to_string(made.header.applied),
      .expects = expects,
      .body = format_milestone(
          {.applied = made.header.applied, .leaf_hash = encoding::hex(made.header.leaf_hash), .digest = made.digest}),
      .actor = actor};
}

// ----------------------------------------------------------------------------------------------------------- restoring

namespace {

enum class Known : std::uint8_t { kNot, kSame, kOther };

// Whether a fact of the ledger says what the tables were at this position: one of a backup, or of a snapshot.
Result<Known> known_to_ledger(FactSource& source, const Position& position, const std::string& digest) {
  Known known = Known::kNot;
  record::FactReader reader;
  auto done = source.read(position.index + 1, [&](const FactSource::Entry& entry) -> Result<bool> {
    auto fact = reader.read(entry.record);
    if (!fact || *fact == nullptr) return true;
    if ((*fact)->kind != kBackupKind && (*fact)->kind != kSnapshotEndKind) return true;
    auto milestone = read_milestone({.fact = **fact, .index = entry.index, .body = reader.body()});
    if (!milestone || milestone->applied != position.index) return true;
    known = milestone->digest == digest ? Known::kSame : Known::kOther;
    return known == Known::kSame;
  });
  if (!done) return done.error();
  return known;
}

Error altered() {
  return {Errc::kVerifyFailed, "the tables of the backup are not what the ledger says"};
}

// The tables that came out of a backup, from their opening to where they can be put in place.
class Restoring {
 public:
  Restoring(std::span<Projection* const> projections, FactSource& source)
      : projections_(projections), source_(source) {}

  // Opens what was unsealed: whole, of a schema that is ours, at a fact of the ledger.
  Result<> open(const std::string& path, const BackupHeader& header);
  // Compares with the ledger, and folds what came later. The tables to use are then at `path`.
  Result<RestoreReport> verify(const std::string& path);

 private:
  Result<> catch_up();
  Result<> use_folded_again(const std::string& path);

  std::span<Projection* const> projections_;
  FactSource& source_;
  std::unique_ptr<Database> database_;
  std::string digest_;  // as in the backup
  Position position_;   // as in the backup
  RestoreReport report_;
};

Result<> Restoring::open(const std::string& path, const BackupHeader& header) {
  auto database = Database::open(path, Database::Use::kLive);
  if (!database) return database.error();
  database_ = *std::move(database);
  if (auto whole = database_->check_integrity(false); !whole) return whole;
  auto fit = inspect_schema(*database_, projections_);
  if (!fit) return fit.error();
  if (*fit != SchemaFit::kReady && *fit != SchemaFit::kOlder) {
    return Error(Errc::kUnsupported, "this program makes other tables; make them from the ledger");
  }
  auto position = position_of(*database_);
  if (!position) return position.error();
  if (!*position || (*position)->index != header.applied || (*position)->leaf_hash != header.leaf_hash) {
    return Error(Errc::kVerifyFailed, "the backup's tables are at another fact than it says");
  }
  position_ = **position;
  auto first = source_.first();
  if (!first) return first.error();
  if (position_.index < *first) {
    return Error(Errc::kNotFound, "the backup ends with entry " + std::to_string(position_.index) +
                                      ", and the ledger begins with " + std::to_string(*first) +
                                      "; make the tables from the ledger");
  }
  if (auto same = check_on_ledger(position_, source_); !same) return same;
  auto digests = table_digests(*database_);
  if (!digests) return digests.error();
  digest_ = digest_of(*digests);
  return {};
}

Result<> Restoring::catch_up() {
  auto fit = migrate(*database_, projections_);
  if (!fit) return fit.error();
  Fold fold(*database_, projections_);
  if (auto loaded = fold.load(); !loaded) return loaded;
  auto replayed = replay(*database_, fold, source_);
  if (!replayed) return replayed.error();
  report_.replayed = *replayed;
  report_.applied = fold.position()->index;
  return {};
}

// What the ledger gives when all of it is folded: erased values are gone from both by now.
Result<> Restoring::use_folded_again(const std::string& path) {
  auto made = make_tables(path, projections_, source_, *report_.applied + 1);
  if (!made) return made.error();
  auto again = Database::open(path, Database::Use::kReadOnly);
  if (!again) return again.error();
  auto wanted = table_digests(**again);
  if (!wanted) return wanted.error();
  auto found = table_digests(*database_);
  if (!found) return found.error();
  if (*found != *wanted) return altered();
  return {};
}

Result<RestoreReport> Restoring::verify(const std::string& path) {
  report_.backed_up = position_.index;
  auto known = known_to_ledger(source_, position_, digest_);
  if (!known) return known.error();
  if (*known == Known::kOther) return altered();
  report_.known_to_ledger = *known == Known::kSame;
  if (auto done = catch_up(); !done) return done.error();
  // Never the file as it came: its rows are the ledger's, but how they lie in it was somebody else's doing.
  auto placed = report_.known_to_ledger ? database_->write_compact(path) : use_folded_again(path);
  if (!placed) return placed.error();
  return report_;
}

}  // namespace

Result<RestoreReport> restore(const std::string& from, const crypto::X25519KeyPair& key, const std::string& path,
                              std::span<Projection* const> projections, FactSource& source, FileSystem& files) {
  if (files.open(path, OpenMode::kReadOnly)) {
    return Error(Errc::kAlreadyExists, "there are tables at `" + path + "` already");
  }
  auto unsealed = Temporary::at(path + ".unsealed");
  if (!unsealed) return unsealed.error();
  auto restored = Temporary::at(path + ".restored");
  if (!restored) return restored.error();

  auto backup = files.open(from, OpenMode::kReadOnly);
  if (!backup) return backup.error();
  auto content = files.open(unsealed->path(), OpenMode::kCreateNew);
  if (!content) return content.error();
  auto header = open_backup(**backup, key, **content);
  if (!header) return header.error();

  Result<RestoreReport> report = RestoreReport{};
  {
    Restoring restoring(projections, source);
    if (auto opened = restoring.open(unsealed->path(), *header); !opened) return opened.error();
    report = restoring.verify(restored->path());
  }
  if (!report) return report;
  auto file = files.open(restored->path(), OpenMode::kReadWrite);
  if (!file) return file.error();
  if (auto synced = (*file)->sync_data(); !synced) return synced.error();
  if (auto placed = move_tables(files, restored->path(), path); !placed) return placed.error();
  return report;
}

}  // namespace redoubt::state
