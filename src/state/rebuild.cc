#include "state/rebuild.h"

#include <algorithm>
#include <limits>
#include <map>

#include "state/internal/bring_up.h"
#include "state/internal/digest.h"
#include "state/internal/schema.h"

namespace redoubt::state {

namespace {

// Of tables that are there, whatever state they are in: what can be read of them.
struct Seen {
  TableDigests digests;
  std::optional<Position> position;
};

Result<Seen> look_at(const std::string& path, std::span<Projection* const> projections) {
  auto database = Database::open(path, Database::Use::kReadOnly);
  if (!database) return database.error();
  if (auto begun = (*database)->begin_reading(); !begun) return begun.error();
  if (auto same = check_schema(**database, projections); !same) return same.error();
  Seen seen;
  auto digests = table_digests(**database);
  if (!digests) return digests.error();
  seen.digests = *std::move(digests);
  Fold fold(**database, {});
  if (auto loaded = fold.load(); !loaded) return loaded.error();
  seen.position = fold.position();
  return seen;
}

RebuildReport report_of(const Made& made, const TableDigests& rebuilt, const Result<Seen>& found) {
  RebuildReport report{.facts = made.facts, .snapshot = made.snapshot, .compared = found.has_value()};
  if (!found) report.why_not_compared = found.error().message();
  if (made.position) report.applied = made.position->index;
  std::map<std::string, RebuildReport::Table> tables;
  for (const auto& [name, digest] : rebuilt) tables[name].rebuilt = digest;
  if (found) {
    for (const auto& [name, digest] : found->digests) tables[name].found = digest;
  }
  for (auto& [name, table] : tables) {
    table.name = name;
    report.tables.push_back(std::move(table));
  }
  return report;
}

}  // namespace

bool RebuildReport::equal() const {
  return compared && std::all_of(tables.begin(), tables.end(), [](const Table& table) { return table.equal(); });
}

Result<RebuildReport> rebuild(const std::string& path, std::span<Projection* const> projections, FactSource& source) {
  const Result<Seen> found = look_at(path, projections);
  auto made = make_tables(path, projections, source, std::numeric_limits<std::uint64_t>::max());
  if (!made) return made.error();
  auto now = look_at(path, projections);
  if (!now) return now.error();
  return report_of(*made, now->digests, found);
}

Result<RebuildReport> check_tables(const std::string& path, std::span<Projection* const> projections,
                                   FactSource& source) {
  const Result<Seen> found = look_at(path, projections);
  if (!found && found.error().code() == Errc::kNotFound) return found.error();
  if (found && found->position) {
    if (auto same = check_on_ledger(*found->position, source); !same) return same.error();
  }
  const std::string beside = path + ".check";
  // As far as those that are compared: the ledger may have more by now.
  const std::uint64_t end = !found            ? std::numeric_limits<std::uint64_t>::max()
                            : found->position ? found->position->index + 1
                                              : 0;
  auto made = make_tables(beside, projections, source, end);
  if (!made) return made.error();
  auto rebuilt = look_at(beside, projections);
  auto removed = remove_tables(beside);
  if (!rebuilt) return rebuilt.error();
  if (!removed) return removed.error();
  return report_of(*made, rebuilt->digests, found);
}

}  // namespace redoubt::state
