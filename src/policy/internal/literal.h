// Values as the expressions that give them.
//
// Pure functions; any thread.
#pragma once

#include "policy/expr.h"
#include "policy/value.h"

namespace redoubt::policy::internal {

// Recursion is as deep as the value.
Expr literal(const Value& value);

// Whether the literal is small: names and texts together a few hundred bytes, elements counted likewise.
bool has_small_literal(const Value& value);

}  // namespace redoubt::policy::internal
