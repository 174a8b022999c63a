// Folds the facts of regulatory clocks into the tables.
#pragma once

#include <string_view>

#include "state/projection.h"

namespace redoubt::incident {

Result<> fold_aware(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_decide(const state::FoldedFact& fact, state::Tables& tables);
Result<> fold_tell(const state::FoldedFact& fact, state::Tables& tables);

// What is said of the clocks of `from` is from now on said of `into`: the earlier awareness time, and a decision that
// something is notifiable, win.
void merge_clocks(std::string_view from, std::string_view into, state::Tables& tables);

}  // namespace redoubt::incident
