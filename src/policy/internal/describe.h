// What went wrong in an evaluation, as a sentence: the reference's words, with the policy's own names and values.
#pragma once

#include <string>

#include "policy/internal/evaluator.h"

namespace redoubt::policy::internal {

// Of the evaluation that just failed with `error`. Before Evaluator::forget().
std::string describe(EvalError error, const Evaluator& evaluator);

}  // namespace redoubt::policy::internal
