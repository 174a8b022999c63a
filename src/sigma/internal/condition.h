// Conditions: what search identifiers make a rule match.
//
//   condition  = and *("or" and)
//   and        = not *("and" not)
//   not        = *"not" primary
//   primary    = "(" condition ")" / ("all" / number) "of" ("them" / pattern) / identifier
//
// Sigma 2.1.0, Rules: Condition.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sigma/internal/compiled.h"

namespace redoubt::sigma::internal {

constexpr std::size_t kMaxConditionBytes = 4096;
constexpr std::size_t kMaxConditionDepth = 64;

// Whether a condition can name it.
bool is_identifier(std::string_view name);

struct ConditionProblem {
  Errc code = Errc::kMalformed;
  std::string message;
};

// `used` gets the identifiers that the condition names or matches.
std::optional<Expr> parse_condition(std::string_view text, const std::map<std::string, Expr>& selections,
                                    std::set<std::string>& used, ConditionProblem& problem);

}  // namespace redoubt::sigma::internal
