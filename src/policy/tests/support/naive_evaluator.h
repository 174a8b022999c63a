// The slow reference: Cedar evaluated as its formal semantics say it (cedar-spec, Cedar/Spec/Evaluator.lean and
// Authorizer.lean), one case beside the other, with no cleverness that could be wrong. For tests and fuzzers, which
// compare the engine with it.
//
// Any thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "policy/authorizer.h"
#include "policy/entities.h"
#include "policy/internal/functions.h"
#include "policy/policy_set.h"

namespace redoubt::policy::testing {

// Points into what it was made from.
class NaiveStore {
 public:
  explicit NaiveStore(const Entities& entities);

  const Entity* find(const EntityUid& uid) const;  // null when there is none
  // Reflexive and transitive; parents need not be there themselves.
  bool in(const EntityUid& descendant, const EntityUid& ancestor) const;

 private:
  std::map<EntityUid, const Entity*> entities_;
};

// Recursion is as deep as the expression.
internal::Evaluated evaluate_naively(const Expr& expression, const NaiveStore& entities, const Request& request);

struct NaiveAnswer {
  Decision decision = Decision::kDeny;
  std::set<std::string> reasons;
  std::map<std::string, EvalError> errors;
  friend bool operator==(const NaiveAnswer&, const NaiveAnswer&) = default;
};
NaiveAnswer authorize_naively(const PolicySet& policies, const NaiveStore& entities, const Request& request);

}  // namespace redoubt::policy::testing
