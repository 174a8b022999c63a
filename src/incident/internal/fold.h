// Folds one fact each into the tables (state::Projection::apply).
#pragma once

#include "state/projection.h"

namespace redoubt::incident {

Result<> fold_raise(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_grow(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_change(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_note(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_merge(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_close(const state::FoldedFact& fact, state::Tables& tables);

Result<> fold_start(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_accept(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_end(const state::FoldedFact& fact, state::Tables& tables);

}  // namespace redoubt::incident
