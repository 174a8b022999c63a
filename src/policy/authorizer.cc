#include "policy/authorizer.h"

#include <algorithm>

#include "policy/internal/compilation.h"
#include "policy/internal/evaluator.h"

namespace redoubt::policy {
namespace {

// True when all conditions hold, false when one does not, or the first error.
Operand evaluate(std::span<const std::uint32_t> conditions, Evaluator& evaluator) {
  for (const std::uint32_t condition : conditions) {
    const Operand held = evaluator.test(condition);
    if (!held.is_true()) return held;
  }
  return Operand(true);
}

}  // namespace

void authorize(const CompiledPolicies& policies, const EntityStore& entities, const Request& request, Answer& answer) {
  const auto& compilation = static_cast<const Compilation&>(policies);
  const auto& store = static_cast<const Store&>(entities);
  const Subjects subjects = look_up(store, request);
  Evaluator evaluator(compilation.program(), store, request, subjects);

  answer.reasons.clear();
  answer.errors.clear();
  Effect deciding = Effect::kPermit;  // of the reasons so far
  compilation.scopes().visit(subjects, store, [&](std::uint32_t policy) {
    const Operand held = evaluate(compilation.conditions(policy), evaluator);
    evaluator.forget();
    if (held.failed()) {
      answer.errors.push_back({policy, held.error()});
    } else if (held.boolean()) {
      const Effect effect = compilation.effect(policy);
      if (effect == Effect::kForbid && deciding == Effect::kPermit) {
        deciding = Effect::kForbid;  // from now on permits do not count
        answer.reasons.clear();
      }
      if (effect == deciding) answer.reasons.push_back(policy);
    }
  });
  std::sort(answer.reasons.begin(), answer.reasons.end());
  std::sort(answer.errors.begin(), answer.errors.end(),
            [](const PolicyError& a, const PolicyError& b) { return a.policy < b.policy; });
  answer.decision =
      deciding == Effect::kPermit && !answer.reasons.empty() ? Decision::kAllow : Decision::kDeny;
}

}  // namespace redoubt::policy
