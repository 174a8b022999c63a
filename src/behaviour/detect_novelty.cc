// Several small things at once, each of which alone is nothing: a new network, an hour it never works in, a model,
// tool, data set or operation it never used, denials, more than it ever did. Together: somebody else may use its
// credentials.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr std::uint32_t kWithinHours = 8;
constexpr int kLeastKinds = 4;
constexpr float kSomeDenials = 0.9F;

}  // namespace

void detect_novelty(Context& context) {
  const Activity& activity = context.activity;
  Profile& profile = context.profile();
  if (profile.days_active < 10) return;
  if (activity.stage == record::Stage::kAdmission) {
    if (context.features != nullptr && context.features->address_prefix && !profile.networks.empty() &&
        !profile.networks.has(keyed_mix(context.options.hash_key, *context.features->address_prefix))) {
      context.small(Small::kNetwork);
    }
    const anomaly::Expectation expected = profile.rhythm.expect({context.local_ms()});
    if (expected.value < 0.2 && expected.confidence > 0.5 && profile.metrics[kRequests].hour >= 2) {
      context.small(Small::kHour);
    }
    if (!activity.model.empty() && !profile.models.has(context.hash(activity.model))) context.small(Small::kModel);
    if (!activity.operation.empty() && !profile.operations.has(context.hash(activity.operation))) {
      context.small(Small::kOperation);
    }
  }
  for (const DataRead& read : activity.data) {
    if (!profile.data.has(context.hash(read.name))) context.small(Small::kData);
  }
  if (profile.denied.at(context.now_ms, 300) >= kSomeDenials) context.small(Small::kDenied);

  const std::uint32_t hour = profile.hour;
  const auto kinds = std::count_if(profile.small_hour.begin(), profile.small_hour.end(),
                                   [&](std::uint32_t at) { return at != 0 && at <= hour && hour - at < kWithinHours; });
  if (kinds < kLeastKinds) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kSeveralSmall,
                 .ratio = static_cast<double>(kinds) / kLeastKinds,
                 .message = shown(static_cast<double>(kinds)) + " kinds of things that are new to it within " +
                            std::to_string(kWithinHours) + " hours",
                 .rests_on = Note::kNovelty,
                 .confidence = 0.8});
}

}  // namespace redoubt::behaviour
