// What relying parties write: policies and reference values. What is read covers itself.
#include <cstdint>

#include "attest/appraisal.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text = as_chars(std::as_bytes(std::span(data, size)));
  if (const auto policy = attest::parse_policy(text)) {
    const attest::Claim reference(policy->reference);
    REDOUBT_CHECK(reference.covers(reference));
  }
  if (const auto policy = attest::parse_appraisal_policy(text)) {
    REDOUBT_CHECK(!policy->parts.empty());
    for (const auto& [name, part] : policy->parts) REDOUBT_CHECK(!part.policy.allow_debug);
  }
  (void)attest::parse_reference_values(text);
  return 0;
}
