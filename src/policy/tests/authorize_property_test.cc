// The engine against the naive evaluator, on random worlds.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "policy/authorizer.h"
#include "policy/tests/support/naive_evaluator.h"
#include "policy/tests/support/random_policies.h"

namespace redoubt::policy {
namespace {

using testing::NaiveAnswer;
using testing::NaiveStore;
using testing::RandomPolicies;

NaiveAnswer named(const CompiledPolicies& policies, const Answer& answer) {
  NaiveAnswer named{answer.decision, {}, {}};
  for (const std::uint32_t reason : answer.reasons) named.reasons.emplace(policies.id(reason));
  for (const PolicyError& error : answer.errors) named.errors.emplace(policies.id(error.policy), error.error);
  EXPECT_TRUE(std::is_sorted(answer.reasons.begin(), answer.reasons.end()));
  EXPECT_EQ(named.reasons.size(), answer.reasons.size()) << "a policy is a reason twice";
  EXPECT_EQ(named.errors.size(), answer.errors.size()) << "a policy errs twice";
  return named;
}

TEST(Authorize, DecidesAsTheNaiveEvaluatorDoes) {
  const std::uint64_t first = std::random_device()();
  std::cout << "seeds from " << first << "\n";
  std::size_t held = 0;
  std::size_t failed = 0;
  Answer answer;
  for (std::uint64_t seed = first; seed < first + 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPolicies random(seed);
    const Entities entities = random.entities();
    const PolicySet policies = random.policies(1 + random.below(24));
    const auto store = EntityStore::build(entities);
    ASSERT_TRUE(store) << store.error().message();
    const auto compiled = CompiledPolicies::compile(policies);
    ASSERT_TRUE(compiled) << compiled.error().message();
    const NaiveStore naive(entities);
    for (int i = 0; i < 10; ++i) {
      const Request request = random.request();
      authorize(**compiled, **store, request, answer);
      ASSERT_EQ(named(**compiled, answer), authorize_naively(policies, naive, request));
      for (const PolicyError& error : answer.errors) {
        EXPECT_NE(describe(**compiled, **store, request, error), "");
      }
      held += answer.reasons.size();
      failed += answer.errors.size();
    }
  }
  EXPECT_GT(held, 1000U);
  EXPECT_GT(failed, 1000U);
}

}  // namespace
}  // namespace redoubt::policy
