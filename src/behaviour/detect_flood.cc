// Prompt floods: far more requests within a minute than ever before, let through or denied by a limit.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr float kBurstHalfLifeS = 30;
constexpr float kLeastBurst = 60;
constexpr float kLeastBurstUnknown = 600;  // of those whose usual is not known yet
constexpr float kTimesPeak = 4;

}  // namespace

void detect_flood(Context& context) {
  const Activity& activity = context.activity;
  const bool limited = activity.stage == record::Stage::kDenial && activity.reason == Reason::kLimit;
  if (activity.stage != record::Stage::kAdmission && !limited) return;
  Profile& profile = context.profile();
  const auto count = static_cast<float>(std::min<std::uint64_t>(activity.count, 1'000'000));
  const float burst = profile.burst.add(context.now_ms, kBurstHalfLifeS, count);
  profile.hour_burst = std::max(profile.hour_burst, burst);
  const float least = has_past(profile) ? kLeastBurst : kLeastBurstUnknown;
  const float bound = std::max(least, kTimesPeak * profile.peak_burst);
  if (burst < bound) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kPromptFlood,
                 .ratio = static_cast<double>(burst / bound),
                 .message = "about " + shown(burst) + " requests within a minute; at most " +
                            shown(profile.peak_burst) + " before"});
}

}  // namespace redoubt::behaviour
