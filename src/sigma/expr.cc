#include "sigma/internal/expr.h"

#include <algorithm>

namespace redoubt::sigma::internal {
namespace {

using Op = Expr::Op;

Expr joined(Op op, std::vector<Expr> exprs) {
  const Op neutral = op == Op::kAnd ? Op::kTrue : Op::kFalse;
  const Op decisive = op == Op::kAnd ? Op::kFalse : Op::kTrue;
  Expr out{op, 0, {}};
  for (Expr& expr : exprs) {
    if (expr.op == neutral) continue;
    if (expr.op == decisive) return {decisive, 0, {}};
    if (expr.op == op) {
      std::move(expr.children.begin(), expr.children.end(), std::back_inserter(out.children));
    } else {
      out.children.push_back(std::move(expr));
    }
  }
  if (out.children.empty()) return {neutral, 0, {}};
  if (out.children.size() == 1) {
    Expr only = std::move(out.children[0]);
    return only;
  }
  return out;
}

// About how long it takes to answer.
std::uint32_t cost(const Expr& expr, const CompiledRules& rules) {
  if (expr.op == Op::kAtom) {
    switch (rules.atoms[expr.value].kind) {
      case Atom::Kind::kGlob:
        return 20;
      case Atom::Kind::kReference:
      case Atom::Kind::kTime:
        return 40;
      case Atom::Kind::kRegex:
        return 200;
      case Atom::Kind::kPredicate:
        return 1000;
      default:
        return 1;
    }
  }
  std::uint32_t sum = 1;
  for (const Expr& child : expr.children) sum = std::min(sum + cost(child, rules), 1'000'000U);
  return sum;
}

std::vector<const Expr*> cheapest_first(const Expr& expr, const CompiledRules& rules) {
  std::vector<const Expr*> out;
  for (const Expr& child : expr.children) out.push_back(&child);
  std::stable_sort(out.begin(), out.end(),
                   [&](const Expr* a, const Expr* b) { return cost(*a, rules) < cost(*b, rules); });
  return out;
}

// From the end: what follows is there before what leads to it. Each atom of the expression makes one step.
Place assemble(const Expr& expr, Place yes, Place no, CompiledRules& rules) {
  const auto step = [&](Step::Op op, std::uint32_t value) {
    rules.steps.push_back({op, value, yes, no});
    return static_cast<Place>(rules.steps.size() - 1);
  };
  switch (expr.op) {
    case Op::kFalse:
      return no;
    case Op::kTrue:
      return yes;
    case Op::kAtom:
      return step(Step::Op::kAtom, expr.value);
    case Op::kLogsource:
      return step(Step::Op::kLogsource, expr.value);
    case Op::kNot:
      return assemble(expr.children[0], no, yes, rules);
    case Op::kAnd:
    case Op::kOr: {
      const bool all = expr.op == Op::kAnd;
      const auto children = cheapest_first(expr, rules);
      Place next = all ? yes : no;
      for (auto child = children.rbegin(); child != children.rend(); ++child)
        next = assemble(**child, all ? next : yes, all ? no : next, rules);
      return next;
    }
    case Op::kAtLeast: {
      CountQuestion question{expr.value, {}};
      for (const Expr* const child : cheapest_first(expr, rules))
        question.parts.push_back(assemble(*child, kHolds, kFails, rules));
      rules.counts.push_back(std::move(question));
      return step(Step::Op::kCount, static_cast<std::uint32_t>(rules.counts.size() - 1));
    }
  }
  return no;
}

}  // namespace

Expr constant(bool value) {
  return {value ? Op::kTrue : Op::kFalse, 0, {}};
}
Expr atom_expr(std::uint32_t atom) {
  return {Op::kAtom, atom, {}};
}
Expr logsource_expr(std::uint32_t question) {
  return {Op::kLogsource, question, {}};
}

Expr negation(Expr expr) {
  if (expr.op == Op::kTrue || expr.op == Op::kFalse) return constant(expr.op == Op::kFalse);
  if (expr.op == Op::kNot) {
    Expr inner = std::move(expr.children[0]);
    return inner;
  }
  Expr out{Op::kNot, 0, {}};
  out.children.push_back(std::move(expr));
  return out;
}

Expr conjunction(std::vector<Expr> exprs) {
  return joined(Op::kAnd, std::move(exprs));
}
Expr disjunction(std::vector<Expr> exprs) {
  return joined(Op::kOr, std::move(exprs));
}

Expr at_least(std::uint32_t count, std::vector<Expr> exprs) {
  if (count == 0) return constant(true);
  if (count == 1) return disjunction(std::move(exprs));
  if (count == exprs.size()) return conjunction(std::move(exprs));
  return {Op::kAtLeast, count, std::move(exprs)};
}

bool without_anything(const Expr& expr) {
  switch (expr.op) {
    case Op::kTrue:
      return true;
    case Op::kFalse:
    case Op::kAtom:
    case Op::kLogsource:
      return false;
    case Op::kNot:
      return !without_anything(expr.children[0]);
    case Op::kAnd:
      return std::all_of(expr.children.begin(), expr.children.end(), without_anything);
    case Op::kOr:
      return std::any_of(expr.children.begin(), expr.children.end(), without_anything);
    case Op::kAtLeast:
      return static_cast<std::uint32_t>(std::count_if(expr.children.begin(), expr.children.end(), without_anything)) >=
             expr.value;
  }
  return false;
}

Place assemble(const Expr& expr, CompiledRules& rules) {
  return assemble(expr, kHolds, kFails, rules);
}

}  // namespace redoubt::sigma::internal
