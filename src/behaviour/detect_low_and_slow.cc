// Low and slow: many credentials of one tenant are each denied a little, on many different things.
//
// A policy that was changed by mistake also denies many, but one thing. So what is denied most (by the majority vote of
// Boyer and Moore, 1981) does not count, and the other things that are denied are counted, too.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr double kLeastMembers = 12;
constexpr double kTimesPeak = 1.7;
constexpr double kLeastResources = 6;
constexpr std::uint16_t kLeastDays = 5;

// Votes, and says whether this is what leads; while little was denied nothing does.
bool is_majority(Profile& tenant, std::uint64_t what) {
  if (tenant.majority == what) {
    tenant.majority_votes = std::min(tenant.majority_votes + 1, 1'000'000U);
  } else if (tenant.majority_votes == 0) {
    tenant.majority = what;
    tenant.majority_votes = 1;
  } else {
    --tenant.majority_votes;
  }
  return tenant.majority == what && tenant.majority_votes > 3;
}

}  // namespace

void detect_low_and_slow(Context& context) {
  const Activity& activity = context.activity;
  if (context.tenant == nullptr || activity.stage != record::Stage::kDenial) return;
  if (activity.reason != Reason::kAuthorization && activity.reason != Reason::kContent) return;
  Profile& tenant = context.tenant->profile;
  const std::uint64_t what = context.hash(activity.model.empty() ? activity.operation : activity.model);
  if (is_majority(tenant, what)) return;
  tenant.note(context.index, Note::kDenial);
  const bool one =
      tenant.day_members.add(context.hash(activity.credential.empty() ? activity.principal : activity.credential));
  const bool other = tenant.day_resources.add(what);
  if ((!one && !other) || tenant.days_active < kLeastDays) return;
  const double members = tenant.day_members.estimate();
  const auto usual = static_cast<double>(tenant.metrics[kDistinct].peak_day);
  const double bound = std::max(kLeastMembers, kTimesPeak * usual);
  if (members < bound || tenant.day_resources.estimate() < kLeastResources) return;
  context.raise(
      About::kTenant, *context.tenant,
      {.rule = Rule::kLowAndSlow,
       .ratio = members / bound,
       .message = "about " + shown(members) + " credentials denied on this day, on " +
                  shown(tenant.day_resources.estimate()) + " different things; at most " + shown(usual) + " before",
       .rests_on = Note::kDenial,
       .confidence = 0.9});
}

}  // namespace redoubt::behaviour
