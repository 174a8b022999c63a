// Policy files: what is read keeps the rules of the standard, and more witnesses never satisfy it less.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tlog/trust_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto policy = tlog::TrustPolicy::parse(input);
  if (!policy) {
    REDOUBT_CHECK(policy.error().message().find('\n') == std::string::npos);
    return 0;
  }
  REDOUBT_CHECK(input.ends_with('\n') && input.find('\r') == std::string_view::npos);
  REDOUBT_CHECK(policy->logs().size() <= tlog::kMaxPolicyLogs &&
                policy->witnesses().size() <= tlog::kMaxPolicyWitnesses);
  for (const auto& log : policy->logs()) {
    REDOUBT_CHECK(log.key.type() != tlog::SignatureType::kEd25519Cosignature);
    REDOUBT_CHECK(input.find(log.key.format()) != std::string_view::npos);
  }
  for (const auto& witness : policy->witnesses()) {
    REDOUBT_CHECK(witness.key.is_cosigner() && !witness.name.empty() && witness.name != "none");
    REDOUBT_CHECK(std::ranges::count(policy->witnesses(), witness.name, &tlog::TrustPolicy::Witness::name) == 1);
  }
  REDOUBT_CHECK(policy->needs_witnesses() == (policy->quorum() != "none"));
  std::vector<std::size_t> cosigned;
  bool satisfied = policy->satisfied_by(cosigned);
  REDOUBT_CHECK(satisfied != policy->needs_witnesses());  // a threshold is at least 1
  for (std::size_t i = 0; i < policy->witnesses().size(); ++i) {
    cosigned.push_back(i);
    const bool now = policy->satisfied_by(cosigned);
    REDOUBT_CHECK(now || !satisfied);
    satisfied = now;
  }
  REDOUBT_CHECK(satisfied);  // all of them are any quorum
  return 0;
}
