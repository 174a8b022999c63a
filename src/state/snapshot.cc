#include "state/snapshot.h"

#include <algorithm>
#include <memory>

#include "encoding/base64.h"
#include "state/internal/digest.h"
#include "state/internal/fold.h"
#include "state/internal/own_facts.h"
#include "state/internal/snapshot_rows.h"

namespace redoubt::state {

namespace {

// Reads the tables as they were at one moment, on a connection of its own, and has them appended part by part. Lives as
// long as an answer is awaited.
class SnapshotWriter : public std::enable_shared_from_this<SnapshotWriter> {
 public:
  using Done = std::function<void(Result<SnapshotWritten>)>;

  SnapshotWriter(Engine& engine, record::FactActor actor, Done done)
      : engine_(engine), actor_(std::move(actor)), done_(std::move(done)) {}

  void start() {
    if (auto opened = open(); !opened) return done_(opened.error());
    next();
  }

 private:
  Result<> open();
  void next();
  Result<> fill();
  Result<bool> next_table();
  void propose(std::string_view kind, std::string body, std::vector<Value> values,
               void (SnapshotWriter::*then)(const Applied&));
  void part_written(const Applied& applied);
  void end_written(const Applied& applied);

  Engine& engine_;
  const record::FactActor actor_;
  const Done done_;
  std::unique_ptr<Database> database_;
  Milestone milestone_;
  std::vector<std::string> tables_;  // still to be read, the next one last
  std::optional<Database::Cursor> cursor_;
  std::optional<TableDigest> digest_;
  TableDigests digests_;
  SnapshotRows rows_;
};

Result<> SnapshotWriter::open() {
  if (auto written = engine_.await_written(); !written) return written;
  auto database = Database::open(engine_.path(), Database::Use::kReadOnly);
  if (!database) return database.error();
  database_ = *std::move(database);
  if (auto begun = database_->begin_reading(); !begun) return begun;
  Fold fold(*database_, {});
  if (auto loaded = fold.load(); !loaded) return loaded;
  if (!fold.position()) return Error(Errc::kInvalidArgument, "there are no facts yet");
  milestone_.applied = fold.position()->index;
  milestone_.leaf_hash = encoding::hex(fold.position()->leaf_hash);
  auto tables = database_->tables();
  if (!tables) return tables.error();
  // Whoever reads must know first which tables to make.
  const auto versions = std::find(tables->begin(), tables->end(), "state_modules");
  if (versions == tables->end()) return Error(Errc::kCorrupt, "the tables have no versions");
  std::rotate(tables->begin(), versions, versions + 1);
  tables_.assign(tables->rbegin(), tables->rend());
  return {};
}

// Whether there is one more.
Result<bool> SnapshotWriter::next_table() {
  if (cursor_) {
    digests_.emplace_back(tables_.back(), digest_->finish());
    tables_.pop_back();
    cursor_.reset();
  }
  if (tables_.empty()) return false;
  auto columns = database_->columns(tables_.back());
  if (!columns) return columns.error();
  digest_.emplace(*columns);
  auto rows = database_->rows(tables_.back());
  if (!rows) return rows.error();
  cursor_ = *std::move(rows);
  return true;
}

// Rows for one part; none when all were read.
Result<> SnapshotWriter::fill() {
  while (!rows_.full()) {
    if (!cursor_) {
      auto more = next_table();
      if (!more) return more.error();
      if (!*more) return {};
    }
    auto row = cursor_->next();
    if (!row) return row.error();
    if (*row != nullptr) {
      digest_->add(**row);
      rows_.add(tables_.back(), **row);
    } else if (auto more = next_table(); !more) {
      return more.error();
    }
  }
  return {};
}

void SnapshotWriter::propose(std::string_view kind, std::string body, std::vector<Value> values,
                             void (SnapshotWriter::*then)(const Applied&)) {
  Proposal proposal{.kind = std::string(kind),
                    .object = "snapshot/" + std::to_string(milestone_.applied),
                    .expects = milestone_.parts,
                    .body = std::move(body),
                    .actor = actor_,
                    .values = std::move(values)};
  engine_.propose(std::move(proposal), [self = shared_from_this(), then](const Result<Applied>& applied) {
    if (!applied) return self->done_(applied.error());
    ((*self).*then)(*applied);
  });
}

void SnapshotWriter::next() {
  if (auto filled = fill(); !filled) return done_(filled.error());
  if (!rows_.empty()) {
    std::vector<Value> values{{std::string(kRowsField), rows_.take()}};
    return propose(kSnapshotPartKind, R"({"part":)" + std::to_string(milestone_.parts) + "}", std::move(values),
                   &SnapshotWriter::part_written);
  }
  std::sort(digests_.begin(), digests_.end());
  milestone_.digest = digest_of(digests_);
  propose(kSnapshotEndKind, format_milestone(milestone_), {}, &SnapshotWriter::end_written);
}

void SnapshotWriter::part_written(const Applied& applied) {
  if (milestone_.parts == 0) milestone_.first = applied.index;
  ++milestone_.parts;
  next();
}

void SnapshotWriter::end_written(const Applied& applied) {
  done_(SnapshotWritten{.end = applied.index, .applied = milestone_.applied, .parts = milestone_.parts});
}

}  // namespace

void write_snapshot(Engine& engine, const record::FactActor& actor, std::function<void(Result<SnapshotWritten>)> done) {
  std::make_shared<SnapshotWriter>(engine, actor, std::move(done))->start();
}

std::optional<std::uint64_t> deletable_before(Tables& tables) {
  const auto applied = tables.integer("SELECT applied_index FROM state_snapshots ORDER BY end_index DESC LIMIT 1", {});
  if (!applied) return std::nullopt;
  return static_cast<std::uint64_t>(*applied) + 1;
}

}  // namespace redoubt::state
