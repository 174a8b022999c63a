// Repeated denied access; models that were never used and are denied; computations outside policy.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr float kDeniedHalfLifeS = 300;
constexpr float kNeverUsedHalfLifeS = 3600;
constexpr float kLeastDenied = 20;
constexpr float kLeastDeniedOne = 45;  // of one thing: a client that does not understand
constexpr double kSeveral = 3;
constexpr float kLeastNeverUsed = 5;
constexpr double kLeastNeverUsedModels = 3;
constexpr float kLeastWithheld = 4;

void detect_repeated(Context& context, double count) {
  Profile& profile = context.profile();
  const float denied = profile.denied.add(context.now_ms, kDeniedHalfLifeS, static_cast<float>(count));
  const Activity& activity = context.activity;
  profile.day_denied.add(context.hash(activity.model.empty() ? activity.operation : activity.model));
  const bool several = activity.reason == Reason::kContent || profile.day_denied.estimate() >= kSeveral - 0.5;
  const float usual = profile.metrics[kDenials].peak_hour;
  const float bound = std::max(several ? kLeastDenied : kLeastDeniedOne, 3 * usual);
  if (denied < bound) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kDeniedAccess,
                 .ratio = static_cast<double>(denied / bound),
                 .message = shown(denied) + " denials within minutes; at most " + shown(usual) + " in an hour before",
                 .rests_on = Note::kDenial,
                 .confidence = 0.9});
}

void detect_model(Context& context, double count) {
  Profile& profile = context.profile();
  const std::string_view model = context.activity.model;
  if (model.empty() || profile.models.has(context.hash(model))) return;
  profile.day_resources.add(context.hash(model));
  // Clients try again: of one record no more than three count.
  const float tries =
      profile.denied_new.add(context.now_ms, kNeverUsedHalfLifeS, static_cast<float>(std::min(count, 3.0)));
  const double models = profile.day_resources.estimate();
  // One model may just have been announced; several were not.
  if (models < kLeastNeverUsedModels - 0.5 || tries < kLeastNeverUsed) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kUnauthorisedModel,
                 .ratio = std::max(models / kLeastNeverUsedModels, static_cast<double>(tries / kLeastNeverUsed)),
                 .message = "denied " + shown(models) + " models that it never used, " + shown(tries) + " tries lately",
                 .rests_on = Note::kDenial,
                 .confidence = 0.9});
}

void detect_outside(Context& context, double amount) {
  Profile& profile = context.profile();
  const float withheld = profile.withheld.add(context.now_ms, kNeverUsedHalfLifeS, static_cast<float>(amount));
  profile.hour_withheld = std::max(profile.hour_withheld, withheld);
  const float bound = std::max(kLeastWithheld, 3 * profile.peak_withheld);
  if (withheld < bound) return;
  context.raise(
      About::kPrincipal, *context.who,
      {.rule = Rule::kOutsidePolicy,
       .ratio = static_cast<double>(withheld / bound),
       .message = shown(withheld) + " operations denied that it never made, or answers withheld, within an hour",
       .rests_on = Note::kDenial,
       .confidence = 0.8});
}

}  // namespace

void detect_denials(Context& context) {
  const Activity& activity = context.activity;
  if (activity.stage == record::Stage::kOutcome && activity.ending == Ending::kReleaseDenied) {
    context.profile().note(context.index, Note::kDenial);
    detect_outside(context, 1);
    return;
  }
  if (activity.stage != record::Stage::kDenial) return;
  if (activity.reason != Reason::kAuthorization && activity.reason != Reason::kContent) return;
  const auto count = static_cast<double>(std::min<std::uint64_t>(activity.count, 1'000'000));
  context.profile().note(context.index, Note::kDenial);
  detect_repeated(context, count);
  if (activity.reason != Reason::kAuthorization) return;
  detect_model(context, count);
  const bool never_made = !context.profile().operations.has(context.hash(activity.operation));
  if (never_made && !context.profile().operations.empty()) detect_outside(context, std::min(count, 3.0));
}

}  // namespace redoubt::behaviour
