#include "state/internal/schema.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace redoubt::state {

namespace {

struct Module {
  std::string_view name;
  std::span<const std::string_view> steps;
};

std::vector<Module> modules_of(std::span<Projection* const> projections) {
  std::vector<Module> modules{{"state", own_schema_steps()}};
  for (Projection* projection : projections) modules.push_back({projection->module(), projection->schema_steps()});
  for (const Module& module : modules) {
    const bool named = !module.name.empty() && module.name.size() <= 32 &&
                       std::all_of(module.name.begin(), module.name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    REDOUBT_CHECK(named);
    const auto same = [&](const Module& other) { return other.name == module.name; };
    REDOUBT_CHECK(std::count_if(modules.begin(), modules.end(), same) == 1);
  }
  return modules;
}

Result<> run_steps(Database& database, const Module& module, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) {
    if (auto done = database.script(module.steps[static_cast<std::size_t>(step)]); !done) {
      return done.error().in("`" + std::string(module.name) + "`, step " + std::to_string(step));
    }
  }
  const Database::Writing writing(database, "state");
  return database.run(
      "INSERT INTO state_modules(module, version) VALUES(?1, ?2) "
      "ON CONFLICT(module) DO UPDATE SET version = excluded.version",
      {module.name, to});
}

// What projection.h asks of steps: tables named for their module, STRICT and WITHOUT ROWID, and indices.
void check_steps(Database& database, const std::vector<Module>& modules) {
  auto lines = database.schema();
  REDOUBT_CHECK(lines.has_value());
  for (const std::string& line : *lines) {
    const std::string_view view(line);
    const std::string_view type = view.substr(0, view.find('\n'));
    const std::string_view rest = view.substr(type.size() + 1);
    const std::string_view name = rest.substr(0, rest.find('\n'));
    if (type != "table" && type != "index") check_failed("a step makes a view or trigger", __FILE__, __LINE__);
    const bool known = std::any_of(modules.begin(), modules.end(), [&](const Module& module) {
      return name.starts_with(module.name) && name.substr(module.name.size()).starts_with("_");
    });
    if (!known && !name.starts_with("sqlite_autoindex_")) {
      check_failed(("a step makes `" + std::string(name) + "`, which is not named for its module").c_str(), __FILE__,
                   __LINE__);
    }
  }
  auto loose = database.table_without_rule();
  REDOUBT_CHECK(loose.has_value());
  if (!loose->empty()) {
    check_failed(("the table `" + *loose + "` is not STRICT and WITHOUT ROWID, of integers, text and bytes").c_str(),
                 __FILE__, __LINE__);
  }
}

// A database with nothing in it but the tables of these versions.
Result<std::unique_ptr<Database>> empty_tables(const std::vector<Module>& modules, const SchemaVersions& versions) {
  auto database = Database::open(":memory:", Database::Use::kScratch);
  if (!database) return database.error();
  if (auto begun = (*database)->begin(); !begun) return begun.error();
  for (const Module& module : modules) {
    const auto version = versions.find(module.name);
    if (version == versions.end()) continue;
    // In an empty database a step can only fail by a mistake of ours.
    if (auto done = run_steps(**database, module, 0, version->second); !done) {
      check_failed(done.error().message().c_str(), __FILE__, __LINE__);
    }
  }
  if (auto done = (*database)->commit(); !done) return done.error();
  check_steps(**database, modules);
  return database;
}

SchemaVersions newest(const std::vector<Module>& modules) {
  SchemaVersions versions;
  for (const Module& module : modules) versions[std::string(module.name)] = std::ssize(module.steps);
  return versions;
}

Result<> compare_schema(Database& database, const std::vector<Module>& modules, const SchemaVersions& versions) {
  auto empty = empty_tables(modules, versions);
  if (!empty) return empty.error();
  auto wanted = (*empty)->schema();
  if (!wanted) return wanted.error();
  auto found = database.schema();
  if (!found) return found.error();
  if (*found != *wanted) return Error(Errc::kCorrupt, "the tables are not those that this program makes");
  return {};
}

Result<SchemaVersions> versions_in(Database& database) {
  SchemaVersions versions;
  auto done = database.each("SELECT module, version FROM state_modules", {}, [&](const Row& row) {
    versions[std::string(row.text(0))] = row.integer(1);
    return true;
  });
  if (!done) return done.error();
  return versions;
}

Result<> check_versions(const std::vector<Module>& modules, const SchemaVersions& versions) {
  for (const auto& [name, version] : versions) {
    const auto module =
        std::find_if(modules.begin(), modules.end(), [&, &wanted = name](const Module& m) { return m.name == wanted; });
    if (module == modules.end() || version > std::ssize(module->steps)) {
      return Error(Errc::kUnsupported, "a later program made the tables: `" + name + "` has version " +
                                           std::to_string(version) +
                                           "; start that one, or remove the tables, and they are made anew from the "
                                           "ledger");
    }
    if (version < 0) return Error(Errc::kCorrupt, "the tables are damaged: `" + name + "` has no version");
  }
  return {};
}

// Facts of the module were folded before it was known, and changed nothing.
bool was_unknown(Database& database, std::string_view module) {
  bool found = false;
  auto done = database.each("SELECT 1 FROM state_rejected WHERE module = ?1 AND code = 'unsupported' LIMIT 1", {module},
                            [&](const Row&) {
                              found = true;
                              return false;
                            });
  return found || !done;
}

}  // namespace

std::span<const std::string_view> own_schema_steps() {
  static constexpr std::array<std::string_view, 1> kSteps{R"sql(
CREATE TABLE state_modules(module TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- One row: the last fact that was folded, whether or not it changed anything.
CREATE TABLE state_applied(
  one INTEGER NOT NULL PRIMARY KEY CHECK(one = 1),
  fact_index INTEGER NOT NULL,
  leaf_hash BLOB NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state_objects(object TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Facts that changed nothing, and why.
CREATE TABLE state_rejected(
  fact_index INTEGER NOT NULL PRIMARY KEY,
  module TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  code TEXT NOT NULL,
  why TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state_idempotency(
  key TEXT NOT NULL PRIMARY KEY,
  request TEXT NOT NULL,
  fact_index INTEGER NOT NULL,
  object TEXT NOT NULL,
  version INTEGER NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX state_idempotency_time ON state_idempotency(time);

CREATE TABLE state_erased(
  fact_index INTEGER NOT NULL,
  field TEXT NOT NULL,
  PRIMARY KEY(fact_index, field)
) STRICT, WITHOUT ROWID;

-- Snapshots in the ledger that are whole.
CREATE TABLE state_snapshots(
  end_index INTEGER NOT NULL PRIMARY KEY,
  first_index INTEGER NOT NULL,
  applied_index INTEGER NOT NULL,
  parts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};
  return kSteps;
}

Result<> make_schema_at(Database& database, std::span<Projection* const> projections, const SchemaVersions& versions) {
  const auto modules = modules_of(projections);
  if (auto known = check_versions(modules, versions); !known) return known;
  for (const Module& module : modules) {
    const auto version = versions.find(module.name);
    if (version == versions.end()) continue;
    if (auto done = run_steps(database, module, 0, version->second); !done) return done;
  }
  return {};
}

Result<> make_schema(Database& database, std::span<Projection* const> projections) {
  if (auto begun = database.begin(); !begun) return begun;
  if (auto made = make_schema_at(database, projections, newest(modules_of(projections))); !made) {
    database.roll_back();
    return made;
  }
  return database.commit();
}

Result<> check_schema(Database& database, std::span<Projection* const> projections) {
  const auto modules = modules_of(projections);
  return compare_schema(database, modules, newest(modules));
}

Result<SchemaFit> inspect_schema(Database& database, std::span<Projection* const> projections) {
  auto tables = database.tables();
  if (!tables) return tables.error();
  if (tables->empty()) return SchemaFit::kEmpty;
  // Before anything is asked of it in words of ours.
  if (!std::binary_search(tables->begin(), tables->end(), "state_modules") ||
      !std::binary_search(tables->begin(), tables->end(), "state_rejected")) {
    return Error(Errc::kCorrupt, "the tables are not those that this program makes");
  }
  const auto modules = modules_of(projections);
  auto versions = versions_in(database);
  if (!versions) return versions.error();
  if (auto known = check_versions(modules, *versions); !known) return known.error();
  if (auto same = compare_schema(database, modules, *versions); !same) return same.error();

  if (*versions == newest(modules)) return SchemaFit::kReady;
  for (const Module& module : modules) {
    const auto known = versions->find(module.name);
    if (known == versions->end()) {
      if (was_unknown(database, module.name)) return SchemaFit::kFoldNew;
      continue;
    }
    const auto pending = module.steps.subspan(static_cast<std::size_t>(known->second));
    if (std::any_of(pending.begin(), pending.end(), [](std::string_view step) { return step.empty(); })) {
      return SchemaFit::kFoldNew;
    }
  }
  return SchemaFit::kOlder;
}

Result<SchemaFit> migrate(Database& database, std::span<Projection* const> projections) {
  auto fit = inspect_schema(database, projections);
  if (!fit || *fit != SchemaFit::kOlder) return fit;
  const auto modules = modules_of(projections);
  auto versions = versions_in(database);
  if (!versions) return versions.error();
  if (auto begun = database.begin(); !begun) return begun.error();
  for (const Module& module : modules) {
    const auto known = versions->find(module.name);
    const std::int64_t from = known == versions->end() ? 0 : known->second;
    if (known != versions->end() && from == std::ssize(module.steps)) continue;
    if (auto done = run_steps(database, module, from, std::ssize(module.steps)); !done) {
      database.roll_back();
      return done.error();
    }
  }
  if (auto done = database.commit(); !done) return done.error();
  if (auto same = compare_schema(database, modules, newest(modules)); !same) return same.error();
  return SchemaFit::kReady;
}

}  // namespace redoubt::state
