// A response's first row, for those that playbooks decide and those that a person starts.
#pragma once

#include <string_view>
#include <vector>

#include "incident/facts.h"
#include "incident/internal/teller.h"
#include "state/projection.h"

namespace redoubt::incident {

// Whether all of them may begin, together; changes nothing.
Result<> may_begin(const std::vector<PlannedResponse>& responses, state::Tables& tables);

struct Begins {
  std::string_view incident;
  std::string_view alert;
  std::string_view tenant;
};
void begin(const PlannedResponse& response, const Begins& of, const state::FoldedFact& fact, std::uint64_t version,
           state::Tables& tables, Teller& teller);

}  // namespace redoubt::incident
