// Model extraction by text: more different prompts on a day than ever, hardly any of them twice.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr float kLeastTexts = 1500;
constexpr float kLeastTextsUnknown = 15'000;  // of those whose usual is not known yet
constexpr float kTimesPeak = 4;
constexpr double kLeastDifferent = 0.7;  // of the day's requests; the estimate is right within an eighth

}  // namespace

void detect_extraction(Context& context) {
  if (context.activity.stage != record::Stage::kAdmission || context.features == nullptr) return;
  if (!context.features->fingerprint) return;
  Profile& profile = context.profile();
  if (!profile.day_texts.add(keyed_mix(context.options.hash_key, *context.features->fingerprint))) return;
  const float least = has_past(profile) ? kLeastTexts : kLeastTextsUnknown;
  const float bound = std::max(least, kTimesPeak * profile.text_day_peak);
  const float requests = profile.metrics[kRequests].day + 1;
  if (requests < kLeastDifferent * bound) return;
  const double different = profile.day_texts.estimate();
  if (different < static_cast<double>(bound) || different < kLeastDifferent * static_cast<double>(requests)) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kModelExtraction,
                 .ratio = different / static_cast<double>(bound),
                 .message = "about " + shown(different) + " different prompts on this day, of " + shown(requests) +
                            " requests; at most " + shown(profile.text_day_peak) + " before",
                 .confidence = 0.8});
}

}  // namespace redoubt::behaviour
