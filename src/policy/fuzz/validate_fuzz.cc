// A schema and, behind the first U+0000, policies to be validated by it: both from whoever may write them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/policy_set.h"
#include "policy/schema.h"
#include "policy/validate.h"

using namespace redoubt::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return 0;
  const auto schema = Schema::parse(text.substr(0, end));
  const std::string_view policies_text = text.substr(end + 1);
  const auto policies = parse_policies(policies_text);
  if (!schema || !policies) return 0;

  const Validation validation = validate(*policies, *schema);
  if (validation.ok() != validation.errors.empty()) std::abort();
  for (const Problems* problems : {&validation.errors, &validation.warnings}) {
    for (const Problem& problem : *problems) {
      if (policies->find(problem.policy_id) == nullptr || problem.message.empty()) std::abort();
      if (problem.where.end > policies_text.size() || render(problem, "-", policies_text).empty()) std::abort();
    }
  }
  // A policy alone is as right or wrong as among others.
  for (const Policy& policy : policies->policies()) {
    PolicySet alone;
    if (!alone.add(policy)) std::abort();
    bool wrong = false;
    for (const Problem& problem : validation.errors) wrong = wrong || problem.policy_id == policy.id;
    const Validation again = validate(alone, *schema);
    if (again.ok() == wrong) std::abort();
  }
  return 0;
}
