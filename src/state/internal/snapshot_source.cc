#include "state/internal/snapshot_source.h"

#include <algorithm>

#include "state/internal/digest.h"
#include "state/internal/fold.h"
#include "state/internal/replay.h"
#include "state/internal/schema.h"
#include "state/internal/snapshot_rows.h"

namespace redoubt::state {

namespace {

constexpr std::string_view kVersions = "state_modules";

FoldedFact at(const record::FactReader& reader, const record::Fact& fact, std::uint64_t index) {
  return {.fact = fact, .index = index, .body = reader.body()};
}

// The indices of the parts, in their order: of each number the first, which is the one that was applied.
Result<std::vector<std::uint64_t>> find_parts(FactSource& source, const FoundSnapshot& snapshot) {
  const std::string object = "snapshot/" + std::to_string(snapshot.milestone.applied);
  std::vector<std::uint64_t> parts;
  record::FactReader reader;
  auto done = source.read(snapshot.milestone.first, [&](const FactSource::Entry& entry) -> Result<bool> {
    if (entry.index >= snapshot.end) return false;
    auto fact = reader.read(entry.record);
    if (fact && *fact != nullptr && (*fact)->kind == kSnapshotPartKind && (*fact)->object == object &&
        (*fact)->expects == parts.size()) {
      parts.push_back(entry.index);
    }
    return true;
  });
  if (!done) return done.error();
  if (parts.size() != snapshot.milestone.parts) {
    return Error(Errc::kNotFound, "the snapshot at fact " + std::to_string(snapshot.end) + " has " +
                                      std::to_string(parts.size()) + " of " + std::to_string(snapshot.milestone.parts) +
                                      " parts");
  }
  return parts;
}

Result<std::string> part_rows(FactSource& source, std::uint64_t index, record::FactReader& reader) {
  auto entry = source.read_one(index);
  if (!entry) return entry.error();
  auto fact = reader.read(entry->record);
  if (!fact) return fact.error();
  if (*fact == nullptr) return Error(Errc::kCorrupt, "the ledger gave another entry than before");
  auto values = BesideSource(source).values_of(index, **fact);
  if (!values) return values.error();
  if (values->size() != 1) {
    return Error(Errc::kNotFound, "the rows of part " + std::to_string(index) + " were erased");
  }
  return std::move(values->front().second);
}

}  // namespace

Result<std::vector<FoundSnapshot>> find_snapshots(FactSource& source, std::uint64_t end) {
  auto first = source.first();
  if (!first) return first.error();
  std::vector<FoundSnapshot> found;
  record::FactReader reader;
  auto done = source.read(*first, [&](const FactSource::Entry& entry) -> Result<bool> {
    if (entry.index >= end) return false;
    auto fact = reader.read(entry.record);
    if (!fact || *fact == nullptr || (*fact)->kind != kSnapshotEndKind) return true;
    auto milestone = read_milestone(at(reader, **fact, entry.index));
    if (milestone && milestone->applied + 1 >= *first && milestone->first > milestone->applied) {
      found.push_back({.end = entry.index, .milestone = *std::move(milestone)});
    }
    return true;
  });
  if (!done) return done.error();
  std::reverse(found.begin(), found.end());
  return found;
}

Result<> load_snapshot(Database& database, std::span<Projection* const> projections, FactSource& source,
                       const FoundSnapshot& snapshot) {
  auto parts = find_parts(source, snapshot);
  if (!parts) return parts.error();
  if (auto begun = database.begin(); !begun) return begun;
  record::FactReader facts;
  encoding::JsonReader reader({.max_bytes = Engine::kMaxValuesBytes, .max_depth = 8});
  SchemaVersions versions;
  bool made = false;
  const auto take = [&](std::string_view table, const Database::Cells& cells) -> Result<> {
    // The versions come first, and say which tables the rest is of.
    if (table == kVersions && !made) {
      if (cells.size() != 2) return Error(Errc::kMalformed, "a version of the snapshot is none");
      const auto* module = std::get_if<std::string_view>(&cells[0].held());
      const auto* version = std::get_if<std::int64_t>(&cells[1].held());
      if (module == nullptr || version == nullptr) return Error(Errc::kMalformed, "a version of the snapshot is none");
      versions[std::string(*module)] = *version;
      return {};
    }
    if (!made) {
      made = true;
      if (auto schema = make_schema_at(database, projections, versions); !schema) return schema;
    }
    return database.insert_row(std::string(table), cells);
  };
  Result<> done;
  for (std::size_t i = 0; i < parts->size() && done; ++i) {
    auto rows = part_rows(source, (*parts)[i], facts);
    done = rows ? read_snapshot_rows(reader, *rows, take) : rows.error();
  }
  if (!done) {
    database.roll_back();
    return done;
  }
  if (auto committed = database.commit(); !committed) return committed;

  auto digests = table_digests(database);
  if (!digests) return digests.error();
  if (digest_of(*digests) != snapshot.milestone.digest) {
    return Error(Errc::kCorrupt,
                 "the snapshot at fact " + std::to_string(snapshot.end) + " has other tables than it says");
  }
  auto fit = migrate(database, projections);
  if (!fit) return fit.error();
  if (*fit != SchemaFit::kReady) {
    return Error(Errc::kUnsupported, "the tables of the snapshot at fact " + std::to_string(snapshot.end) +
                                         " cannot be brought to this program's, and the facts before it are gone");
  }
  return {};
}

}  // namespace redoubt::state
