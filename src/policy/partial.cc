#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "policy/authorizer.h"
#include "policy/internal/reduction.h"

namespace redoubt::policy {
namespace {

using internal::Open;
using internal::Reduced;
using internal::Reducer;

bool is_deeper(const Expr& e, std::size_t levels) {
  return levels == 0 || std::any_of(e.children.begin(), e.children.end(),
                                    [&](const Expr& child) { return is_deeper(child, levels - 1); });
}

class PartialDecision {
 public:
  // All outlive it.
  PartialDecision(const PartialRequest& request, const internal::Store& store, const Limits& limits)
      : reducer_(request, store), limits_(limits) {}

  Result<> add(Policy policy) {
    for (const Condition& condition : policy.conditions) {
      if (!is_deeper(condition.body, limits_.max_depth)) continue;
      return Error(Errc::kTooLarge, "policy `" + policy.id + "`: an expression is more than " +
                                        std::to_string(limits_.max_depth) + " levels deep");
    }
    Rest rest = Rest::kHolds;
    if (!reduce_scopes(policy, rest) || !reduce_conditions(policy, rest)) return {};
    Found& found = policy.effect == Effect::kForbid ? forbids_ : permits_;
    if (rest == Rest::kHolds) found.hold.insert(policy.id);
    if (rest == Rest::kHolds || rest == Rest::kMayHold) found.may_hold.insert(policy.id);
    // INVARIANT: the ids differ, as those of the whole set do.
    REDOUBT_CHECK(residual_.policies.add(std::move(policy)));
    return {};
  }

  Residual decide() && {
    const bool denied = !forbids_.hold.empty();
    if (denied) {
      residual_.must_be_determining = forbids_.hold;
    } else if (forbids_.may_hold.empty()) {
      residual_.must_be_determining = permits_.hold;
    }
    residual_.may_be_determining = forbids_.may_hold;
    if (!denied) residual_.may_be_determining.insert(permits_.may_hold.begin(), permits_.may_hold.end());
    if (denied || permits_.may_hold.empty()) {
      residual_.decision = Decision::kDeny;
    } else if (forbids_.may_hold.empty() && !permits_.hold.empty()) {
      residual_.decision = Decision::kAllow;
    }
    return std::move(residual_);
  }

 private:
  // What is left of a policy that is not certain to be false.
  enum class Rest : std::uint8_t {
    kHolds,      // nothing
    kMayHold,    // something that may be true
    kNeverHolds  // it is false or errs
  };
  struct Found {
    std::set<std::string> hold;
    std::set<std::string> may_hold;  // those that hold included
  };

  // False when the policy is certain to be.
  bool reduce_scopes(Policy& policy, Rest& rest) const {
    for (const auto& [scope, part] :
         {std::pair(&policy.principal, Variable::kPrincipal), std::pair(&policy.action, Variable::kAction),
          std::pair(&policy.resource, Variable::kResource)}) {
      auto reduced = reducer_.reduce_scope(*scope, part);
      if (const bool* known = std::get_if<bool>(&reduced)) {
        if (!*known) return false;
        *scope = Scope();
      } else {
        *scope = std::get<Scope>(std::move(reduced));
        rest = Rest::kMayHold;
      }
    }
    return true;
  }

  // The same; stops at the first condition behind which none is reached.
  bool reduce_conditions(Policy& policy, Rest& rest) {
    std::vector<Condition> conditions = std::exchange(policy.conditions, {});
    bool may_err = false;  // before the condition at hand
    for (Condition& condition : conditions) {
      Reduced reduced = reducer_.reduce_condition(condition.body);
      const Value* known = std::get_if<Value>(&reduced);
      if (known != nullptr && known->boolean() != condition.unless) continue;
      if (known != nullptr && !may_err) return false;
      const Open* open = std::get_if<Open>(&reduced);
      may_err = may_err || (open != nullptr && open->kind != ValueKind::kBool);
      rest = open != nullptr ? Rest::kMayHold : Rest::kNeverHolds;
      condition.body = internal::rest_of(std::move(reduced), condition.body);
      policy.conditions.push_back(std::move(condition));
      if (rest == Rest::kNeverHolds) break;
    }
    return true;
  }

  Reducer reducer_;
  const Limits& limits_;
  Residual residual_;
  Found permits_;
  Found forbids_;
};

}  // namespace

Result<Residual> authorize_partially(const PolicySet& policies, const EntityStore& entities,
                                     const PartialRequest& request, const Limits& limits) {
  PartialDecision partial(request, static_cast<const internal::Store&>(entities), limits);
  for (const Policy& policy : policies.policies()) {
    if (policy.is_template()) continue;
    if (auto added = partial.add(policy); !added) return added.error();
  }
  for (const Link& link : policies.links()) {
    if (auto added = partial.add(policies.instance(link)); !added) return added.error();
  }
  return std::move(partial).decide();
}

}  // namespace redoubt::policy
