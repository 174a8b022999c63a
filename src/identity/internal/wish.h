// What proposals of this module share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "state/engine.h"

namespace redoubt::identity::internal {

// The proposal, unless its body is longer than a fact's may be. States that are too long for the record stay out of it.
Result<state::Proposal> checked(state::Proposal proposal);

// Sorted, each once: as bodies have lists. kInvalidArgument naming what has not the form, or that they are too many.
Result<std::vector<std::string>> checked_list(std::string_view what, std::vector<std::string> texts, std::size_t max,
                                              bool (*form)(std::string_view));

inline Error wrong(std::string why) {
  return {Errc::kInvalidArgument, std::move(why)};
}

}  // namespace redoubt::identity::internal
