// Policies in JSON come from other tools. What is read writes, and reads back equal, in this form and in Cedar's own.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/policy_json.h"

using namespace redoubt::policy;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_problems(const Problems& problems, std::string_view text) {
  check(!problems.empty());
  for (const Problem& problem : problems) check(!render(problem, "-", text).empty());
}

void check_policy(const Policy& policy) {
  const auto from_json = parse_policy_json(to_json(policy), policy.id);
  check(from_json && *from_json == policy);
  auto from_cedar = parse_policies(to_cedar(policy));
  check(from_cedar && from_cedar->policies().size() == 1);
  Policy again = from_cedar->policies()[0];
  again.id = policy.id;
  check(again == policy);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = parse_policy_json(text, "p");
  if (policy) {
    check_policy(*policy);
  } else {
    check_problems(policy.error(), text);
  }
  const auto policies = parse_policy_set_json(text);
  if (!policies) {
    check_problems(policies.error(), text);
    return 0;
  }
  for (const Policy& one : policies->policies()) check_policy(one);
  const auto again = parse_policy_set_json(to_json(*policies));
  check(again && again->policies() == policies->policies() && again->links() == policies->links());
  return 0;
}
