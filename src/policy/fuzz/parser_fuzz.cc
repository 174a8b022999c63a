// Policies come from whoever may write them. What is read must print, and read back equal.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/policy_set.h"

using namespace redoubt::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto expression = parse_expression(text)) {
    const auto again = parse_expression(to_cedar(*expression));
    if (!again || *again != *expression) std::abort();
  }
  const auto policies = parse_policies(text);
  if (!policies) {
    if (policies.error().empty()) std::abort();
    for (const Problem& problem : policies.error()) {
      if (render(problem, "-", text).empty() || problem.where.end > size) std::abort();
    }
    return 0;
  }
  std::string printed;
  for (const Policy& policy : policies->policies()) printed += to_cedar(policy) + "\n";
  const auto again = parse_policies(printed);
  if (!again || again->policies() != policies->policies()) std::abort();
  return 0;
}
