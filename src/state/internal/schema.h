// The schema of the tables: what the modules' steps make, and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "state/internal/database.h"
#include "state/projection.h"

namespace redoubt::state {

// The engine's own tables, as a module's: `state`.
std::span<const std::string_view> own_schema_steps();

// Makes all tables in an empty database. A step that is not as projection.h asks stops the program.
Result<> make_schema(Database& database, std::span<Projection* const> projections);

// Versions of modules' tables, by name.
using SchemaVersions = std::map<std::string, std::int64_t, std::less<>>;

// As make_schema(), for these versions, within a transaction of the caller's. kUnsupported when a later program made
// them.
Result<> make_schema_at(Database& database, std::span<Projection* const> projections, const SchemaVersions& versions);

// What must be done with the tables before they can be used.
enum class SchemaFit : std::uint8_t {
  kReady,    // nothing more
  kOlder,    // steps are to be run (of inspect_schema() only)
  kEmpty,    // no tables are there
  kFoldNew,  // they can be used for nothing: a module is new whose facts were folded, or folds otherwise now
};

// Which it is. Errors: migrate()'s.
Result<SchemaFit> inspect_schema(Database& database, std::span<Projection* const> projections);

// Brings the tables to the newest step of each module, in one transaction. Errors: kUnsupported when a later program
// made them; kCorrupt when the schema is not what the steps make.
Result<SchemaFit> migrate(Database& database, std::span<Projection* const> projections);

// kCorrupt unless the schema is what make_schema() makes.
Result<> check_schema(Database& database, std::span<Projection* const> projections);

}  // namespace redoubt::state
