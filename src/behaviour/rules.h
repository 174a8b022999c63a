// The detectors that are built in: their ids, what they look for, how serious it is, and what others call it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "behaviour/signal.h"

namespace redoubt::behaviour {

// The order is that of saved states: new ones come last.
enum class Rule : std::uint8_t {
  kDeniedAccess,
  kPromptFlood,
  kExfiltrationVolume,
  kExfiltrationDrip,
  kUnauthorisedModel,
  kOutsidePolicy,
  kBulkData,
  kModelExtraction,
  kAdversarialProbing,
  kCredentialStuffing,
  kStuffingSucceeded,
  kNewTool,
  kPrivilegeThenBulk,
  kInjectionThenOutbound,
  kLowAndSlow,
  kActivityShift,
  kActivityDrift,
  kBaselineRamp,
  kPeerOutlier,
  kSeveralSmall,
  kTensorExtraction,
};
inline constexpr std::size_t kRuleCount = 21;

struct RuleInfo {
  Rule rule;
  std::string_view id;
  std::string_view title;
  Severity severity;
  std::span<const std::string_view> tags;
};

std::span<const RuleInfo> built_in_rules();
const RuleInfo& info_of(Rule rule);

}  // namespace redoubt::behaviour
