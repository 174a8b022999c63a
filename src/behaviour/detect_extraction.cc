// Model extraction by text: more different prompts on a day than ever, hardly any of them twice.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

// Requests are counted exactly, different texts among them only estimated (with a standard error of 13 in a hundred),
// so the bound is one of requests: an estimate that is a little low must not hide what is far above it.
constexpr float kLeastRequests = 1500;
constexpr float kLeastRequestsUnknown = 15'000;  // of those whose usual is not known yet
constexpr float kTimesPeak = 4;                  // the most different texts of a day before
constexpr double kLeastDifferent = 0.65;         // of the day's requests: all different, and the estimate far too low

}  // namespace

void detect_extraction(Context& context) {
  if (context.activity.stage != record::Stage::kAdmission || context.features == nullptr) return;
  if (!context.features->fingerprint) return;
  Profile& profile = context.profile();
  if (!profile.day_texts.add(keyed_mix(context.options.hash_key, *context.features->fingerprint))) return;
  const float least = has_past(profile) ? kLeastRequests : kLeastRequestsUnknown;
  const float bound = std::max(least, kTimesPeak * profile.text_day_peak);
  const float requests = profile.metrics[kRequests].day + 1;
  if (requests < bound) return;
  const double different = std::min(profile.day_texts.estimate(), static_cast<double>(requests));
  if (different < kLeastDifferent * static_cast<double>(requests)) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kModelExtraction,
                 .ratio = static_cast<double>(requests / bound),
                 .message = "about " + shown(different) + " different prompts on this day, of " + shown(requests) +
                            " requests; at most " + shown(profile.text_day_peak) + " before",
                 .confidence = 0.8});
}

}  // namespace redoubt::behaviour
