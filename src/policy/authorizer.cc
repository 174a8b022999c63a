#include "policy/authorizer.h"

#include <algorithm>

#include "policy/internal/compilation.h"
#include "policy/internal/evaluator.h"

namespace redoubt::policy {
namespace {

using internal::Compilation;
using internal::Evaluator;
using internal::Operand;
using internal::Store;
using internal::Subjects;

}  // namespace

void authorize(const CompiledPolicies& policies, const EntityStore& entities, const Request& request, Answer& answer) {
  const auto& compilation = static_cast<const Compilation&>(policies);
  const auto& store = static_cast<const Store&>(entities);
  const Subjects subjects = internal::look_up(store, request);
  Evaluator evaluator(compilation.program(), store, request, subjects);

  answer.reasons.clear();
  answer.errors.clear();
  Effect deciding = Effect::kPermit;  // of the reasons so far
  compilation.scopes().visit(subjects, store, [&](std::uint32_t policy) {
    const Operand held = evaluator.test_all(compilation.conditions(policy));
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
  answer.decision = deciding == Effect::kPermit && !answer.reasons.empty() ? Decision::kAllow : Decision::kDeny;
}

}  // namespace redoubt::policy
