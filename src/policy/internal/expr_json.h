// Expressions in Cedar's JSON form (Cedar reference, "JSON policy format", JsonExpr): each an object with one member,
// whose name says which operator it is.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>

#include "encoding/json_writer.h"
#include "policy/expr.h"
#include "policy/internal/json_place.h"
#include "policy/internal/value_json.h"

namespace redoubt::policy::internal {

// Nothing, with problems, for what is no expression, or is deeper than `max_depth`. Slots and unknowns are refused, as
// the reference refuses them in the conditions of a policy.
std::optional<Expr> read_expr(simdjson::dom::element json, std::size_t max_depth, const JsonPlace& place,
                              ProblemList& problems);

void write_expr(encoding::JsonWriter& json, const Expr& expression);

}  // namespace redoubt::policy::internal
