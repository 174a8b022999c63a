#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "policy/authorizer.h"
#include "policy/internal/describe.h"
#include "policy/internal/evaluator.h"
#include "policy/internal/to_cedar.h"

namespace redoubt::policy {
namespace {

using internal::Compiler;
using internal::Evaluator;
using internal::Operand;
using internal::Program;
using internal::Store;
using internal::Subjects;
using Outcome = Explanation::Outcome;
using Step = Explanation::Step;
using Near = Explanation::Near;

// What a step says of the one around it, which it decides.
void pass_on(const Step& decisive, Step& whole) {
  whole.outcome = decisive.outcome;
  whole.error = decisive.error;
}

class Explainer {
 public:
  // All outlive it.
  Explainer(const Store& store, const Request& request, const Limits& limits)
      : store_(store),
        subjects_(internal::look_up(store, request)),
        compiler_(program_, limits),
        evaluator_(program_, store, request, subjects_) {}

  // Nothing when the policy is not near. Precondition: it compiles.
  std::optional<Near> explain(const Policy& policy) {
    const std::array<std::pair<const Scope*, const char*>, 3> parts{
        {{&policy.principal, "principal"}, {&policy.action, "action"}, {&policy.resource, "resource"}}};
    std::array<bool, 3> fit{};
    for (std::size_t i = 0; i < parts.size(); ++i) fit[i] = internal::fits(*parts[i].first, subjects_[i], store_);
    const auto misfits = std::count(fit.begin(), fit.end(), false);
    if (misfits > 1) return std::nullopt;

    Near near{policy.id, policy.effect, misfits == 0 ? Outcome::kTrue : Outcome::kFalse, false, {}, {}};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      near.scope.push_back(
          {internal::to_cedar(*parts[i].first, parts[i].second), fit[i] ? Outcome::kTrue : Outcome::kFalse, {}, {}});
    }
    for (const Condition& condition : policy.conditions) {
      near.conditions.push_back(clause(condition, near.outcome == Outcome::kTrue));
      if (near.outcome == Outcome::kTrue) near.outcome = near.conditions.back().outcome;
    }
    return near;
  }

 private:
  Step clause(const Condition& condition, bool reached) {
    Step whole{internal::to_cedar(condition), Outcome::kNotReached, {}, {expression(condition.body, reached)}};
    pass_on(whole.operands.front(), whole);
    if (condition.unless && whole.outcome == Outcome::kTrue) {
      whole.outcome = Outcome::kFalse;
    } else if (condition.unless && whole.outcome == Outcome::kFalse) {
      whole.outcome = Outcome::kTrue;
    }
    return whole;
  }

  // Recursion is as deep as the expression.
  Step expression(const Expr& body, bool reached) {
    Step step{to_cedar(body), Outcome::kNotReached, {}, {}};
    if (body.kind == ExprKind::kAnd || body.kind == ExprKind::kOr) {
      chain(body, body.kind, reached, step);
    } else if (reached) {
      evaluate(body, step);
    }
    return step;
  }

  // Adds the operands to `step`, whose outcome is that of the last one reached.
  void chain(const Expr& body, ExprKind kind, bool reached, Step& step) {
    const Outcome goes_on = kind == ExprKind::kAnd ? Outcome::kTrue : Outcome::kFalse;
    for (const Expr& operand : body.children) {
      const bool decided = step.outcome != Outcome::kNotReached && step.outcome != goes_on;
      if (operand.kind == kind) {
        chain(operand, kind, reached && !decided, step);
        continue;
      }
      step.operands.push_back(expression(operand, reached && !decided));
      if (reached && !decided) pass_on(step.operands.back(), step);
    }
  }

  void evaluate(const Expr& body, Step& step) {
    // INVARIANT: it compiles, as the whole policy did.
    const Operand result = evaluator_.test(*compiler_.compile(body));
    if (result.failed()) {
      step.outcome = Outcome::kError;
      step.error = internal::describe(result.error(), evaluator_);
    } else {
      step.outcome = result.boolean() ? Outcome::kTrue : Outcome::kFalse;
    }
    evaluator_.forget();
  }

  const Store& store_;
  const Subjects subjects_;
  Program program_;
  Compiler compiler_;
  Evaluator evaluator_;
};

}  // namespace

Result<Explanation> explain(const PolicySet& policies, const EntityStore& entities, const Request& request,
                            const Limits& limits) {
  const auto compiled = CompiledPolicies::compile(policies, limits);
  if (!compiled) return compiled.error();
  Answer answer;
  authorize(**compiled, entities, request, answer);
  std::set<std::string_view> determining;
  for (const std::uint32_t reason : answer.reasons) determining.insert((*compiled)->id(reason));

  Explanation explanation{answer.decision, {}};
  Explainer explainer(static_cast<const Store&>(entities), request, limits);
  const auto add = [&](const Policy& policy) {
    auto near = explainer.explain(policy);
    if (!near) return;
    near->determining = determining.contains(near->policy_id);
    explanation.policies.push_back(*std::move(near));
  };
  for (const Policy& policy : policies.policies()) {
    if (!policy.is_template()) add(policy);
  }
  for (const Link& link : policies.links()) add(policies.instance(link));
  return explanation;
}

}  // namespace redoubt::policy
