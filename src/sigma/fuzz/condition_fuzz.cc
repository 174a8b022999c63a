// Any bytes as a condition over four selections: parsing ends, and what was parsed is an expression over them.
#include <cstdint>
#include <functional>

#include "base/check.h"
#include "sigma/internal/condition.h"
#include "sigma/internal/expr.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::sigma::internal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, Expr> selections;
  std::uint32_t atom = 0;
  for (const char* const name : {"a", "sel_a", "sel_b", "_x"}) selections.emplace(name, atom_expr(atom++));
  std::set<std::string> used;
  ConditionProblem problem;
  const auto expr = parse_condition(text, selections, used, problem);
  REDOUBT_CHECK(expr.has_value() == problem.message.empty());
  if (!expr) return 0;
  REDOUBT_CHECK(!used.empty());
  const std::function<void(const Expr&)> look = [&](const Expr& one) {
    if (one.op == Expr::Op::kAtom) REDOUBT_CHECK(one.value < atom);
    for (const Expr& child : one.children) look(child);
  };
  look(*expr);
  return 0;
}
