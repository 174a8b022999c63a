// Truth over atoms: making it, and what it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sigma/internal/compiled.h"

namespace redoubt::sigma::internal {

Expr constant(bool value);
Expr atom_expr(std::uint32_t atom);
Expr negation(Expr expr);
Expr conjunction(std::vector<Expr> exprs);  // none: true
Expr disjunction(std::vector<Expr> exprs);  // none: false
Expr at_least(std::uint32_t count, std::vector<Expr> exprs);
Expr logsource_expr(std::uint32_t question);

// What it is when no atom holds and no event comes from where it is asked.
bool without_anything(const Expr& expr);

// Appends it to `rules.steps`, what costs least first; where it begins.
Place assemble(const Expr& expr, CompiledRules& rules);

}  // namespace redoubt::sigma::internal
