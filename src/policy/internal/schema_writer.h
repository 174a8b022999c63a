// Writes a schema in either syntax, names as they were written.
#pragma once

#include <string>

#include "policy/internal/schema_fragment.h"

namespace redoubt::policy::internal {

// Problems are what is wrong with the declarations themselves, and a text longer than the limit.
Checked<std::string> write_json_schema(const SchemaFragment& fragment, const Limits& limits);

// Problems besides: what Cedar's own syntax cannot say. Its names for types do not tell entity types from common types,
// and the shape of an entity type is written out.
Checked<std::string> write_cedar_schema(const SchemaFragment& fragment, const Limits& limits);

}  // namespace redoubt::policy::internal
