// Policies, entities and a request from whoever may write them: the engine decides as the naive evaluator does, an
// explanation and what is left of the decision once the resource is not known agree with it, and nothing else happens.
//
// An input is three texts, with a line `---` between them: policies, entities and a request, the latter two in JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/authorizer.h"
#include "policy/tests/support/naive_evaluator.h"

using namespace redoubt::policy;
using redoubt::policy::testing::authorize_naively;
using redoubt::policy::testing::NaiveAnswer;
using redoubt::policy::testing::NaiveStore;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Up to the next separator, which goes too.
std::string_view next_text(std::string_view& rest) {
  constexpr std::string_view kSeparator = "\n---\n";
  const std::size_t end = rest.find(kSeparator);
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kSeparator.size());
  return text;
}

NaiveAnswer named(const CompiledPolicies& policies, const Answer& answer) {
  NaiveAnswer named{answer.decision, {}, {}};
  for (const std::uint32_t reason : answer.reasons) named.reasons.emplace(policies.id(reason));
  for (const PolicyError& error : answer.errors) named.errors.emplace(policies.id(error.policy), error.error);
  return named;
}

void check(const PolicySet& policies, const Entities& entities, const EntityStore& store, const Request& request) {
  const auto compiled = CompiledPolicies::compile(policies);
  require(compiled.has_value());
  Answer answer;
  authorize(**compiled, store, request, answer);
  const NaiveStore naive(entities);
  const NaiveAnswer whole = named(**compiled, answer);
  require(whole == authorize_naively(policies, naive, request));
  for (const PolicyError& error : answer.errors) require(!describe(**compiled, store, request, error).empty());

  const auto explanation = explain(policies, store, request);
  require(explanation && explanation->decision == whole.decision);
  for (const Explanation::Near& near : explanation->policies) {
    require(near.determining == whole.reasons.contains(near.policy_id));
    require((near.outcome == Explanation::Outcome::kError) == whole.errors.contains(near.policy_id));
  }

  const auto residual = authorize_partially(
      policies, store, {{request.principal, {}}, {request.action, {}}, {{}, request.resource.type}, request.context});
  require(residual && residual->decision.value_or(whole.decision) == whole.decision);
  const NaiveAnswer rest = authorize_naively(residual->policies, naive, request);
  require(rest.reasons == whole.reasons && rest.errors.size() == whole.errors.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto policies = parse_policies(next_text(rest));
  const auto entities = parse_entities(next_text(rest));
  const auto request = parse_request(rest);
  if (!policies || !entities || !request) return 0;
  const auto store = EntityStore::build(*entities);
  if (store) check(*policies, *entities, **store, *request);
  return 0;
}
