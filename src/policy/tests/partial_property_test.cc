// What is left of a decision, decided with anything in place of the unknown, against the decision of the whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "policy/authorizer.h"
#include "policy/tests/support/naive_evaluator.h"
#include "policy/tests/support/random_policies.h"

namespace redoubt::policy {
namespace {

using testing::authorize_naively;
using testing::NaiveAnswer;
using testing::NaiveStore;
using testing::RandomPolicies;

// Forgets parts of the request, or all but their types.
PartialRequest forget_some(const Request& request, RandomPolicies& random) {
  const auto part = [&](const EntityUid& uid) {
    const std::size_t choice = random.below(3);
    PartialRequest::Part made;
    if (choice == 0) made.uid = uid;
    if (choice == 1) made.type = uid.type;
    return made;
  };
  PartialRequest partial{part(request.principal), part(request.action), part(request.resource), {}};
  if (random.below(2) == 0) partial.context = request.context;
  return partial;
}

// A request that agrees with what is known.
Request complete(const PartialRequest& known, RandomPolicies& random) {
  Request request = random.request();
  for (const auto& [part, uid] :
       {std::pair(&known.principal, &request.principal), std::pair(&known.action, &request.action),
        std::pair(&known.resource, &request.resource)}) {
    if (part->type) uid->type = *part->type;
    if (part->uid) *uid = *part->uid;
  }
  if (known.context) request.context = *known.context;
  return request;
}

std::set<std::string> keys(const std::map<std::string, EvalError>& errors) {
  std::set<std::string> ids;
  for (const auto& [id, error] : errors) ids.insert(id);
  return ids;
}

bool includes(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST(AuthorizePartially, LeavesWhatDecidesAsAllPoliciesDo) {
  const std::uint64_t first = std::random_device()();
  std::cout << "seeds from " << first << "\n";
  std::size_t decided = 0;
  std::size_t dropped = 0;
  std::size_t failed = 0;
  for (std::uint64_t seed = first; seed < first + 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPolicies random(seed);
    const Entities entities = random.entities();
    const auto store = EntityStore::build(entities);
    ASSERT_TRUE(store) << store.error().message();
    const NaiveStore naive(entities);
    const PolicySet policies = random.policies(1 + random.below(12));
    const PartialRequest known = forget_some(random.request(), random);
    const auto residual = authorize_partially(policies, **store, known);
    ASSERT_TRUE(residual) << residual.error().message();
    decided += residual->decision.has_value() ? 1 : 0;
    dropped += policies.policies().size() - residual->policies.policies().size();
    for (int i = 0; i < 10; ++i) {
      const Request request = complete(known, random);
      const NaiveAnswer whole = authorize_naively(policies, naive, request);
      const NaiveAnswer rest = authorize_naively(residual->policies, naive, request);
      ASSERT_EQ(rest.decision, whole.decision);
      ASSERT_EQ(rest.reasons, whole.reasons);
      ASSERT_EQ(keys(rest.errors), keys(whole.errors));
      ASSERT_EQ(residual->decision.value_or(whole.decision), whole.decision);
      ASSERT_TRUE(includes(whole.reasons, residual->must_be_determining));
      ASSERT_TRUE(includes(residual->may_be_determining, whole.reasons));
      failed += whole.errors.size();
    }
  }
  EXPECT_GT(decided, 100U);
  EXPECT_GT(dropped, 100U);
  EXPECT_GT(failed, 1000U);
}

}  // namespace
}  // namespace redoubt::policy
