// What makes matching go by the event: which atoms the index answers, and which rules need be looked at.
#pragma once

#include <vector>

#include "sigma/internal/compiled.h"

namespace redoubt::sigma::internal {

// Fills guards and indexes; `roots` are the detections' expressions, in their order. May add kPresent atoms.
void build_index(CompiledRules& rules, const std::vector<Expr>& roots, const std::vector<Expr>& logsources);

}  // namespace redoubt::sigma::internal
