// Exfiltration by volume, and sudden shifts of the other quantities: an hour or a day above everything before it, by a
// factor and by many spreads.
#include <algorithm>
#include <optional>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

struct Bound {
  float least_hour;
  float least_day;
  float times;  // the most that there was
  double z;
  std::string_view unit;
};

constexpr std::array<Bound, kMetricCount> kBounds = {{
    {200, 800, 5, 5, "requests"},
    {400'000, 1'600'000, 5, 5, "tokens"},
    {2'000'000, 6'000'000, 4, 4, "bytes out"},
    {20'000, 60'000, 4, 4, "rows"},
    {100, 200, 5, 5, "denials"},
    {60, 120, 5, 5, "errors"},
    {60, 120, 5, 5, "matches"},
    {1e9F, 30, 3, 5, "different models, tools, data sets and networks"},
}};
constexpr float kTimesUnknown = 50;  // least values of those whose usual is not known yet

struct Excess {
  double ratio = 0;
  float value = 0;
  float usual = 0;
  bool of_day = false;
};

std::optional<Excess> excess(const Profile& profile, std::size_t m, float least_times) {
  const MetricState& metric = profile.metrics[m];
  const Bound& bound = kBounds[m];
  const float times = has_past(profile) ? least_times : least_times * kTimesUnknown;
  const auto above = [&](float value, float peak, const anomaly::RobustLevel& level, float least, float factor) {
    const float limit = std::max(least * times, factor * peak);
    if (value < limit) return 0.0;
    if (level.weight >= 2 && level.z(anomaly::log_scale(static_cast<double>(value)), 0.3) < bound.z) return 0.0;
    return static_cast<double>(value / limit);
  };
  if (const double ratio = above(metric.hour, metric.peak_hour, metric.hours, bound.least_hour, bound.times);
      ratio > 0) {
    return Excess{ratio, metric.hour, metric.peak_hour, false};
  }
  if (const double ratio = above(metric.day, metric.peak_day, metric.days, bound.least_day, 0.75F * bound.times);
      ratio > 0) {
    return Excess{ratio, metric.day, metric.peak_day, true};
  }
  return std::nullopt;
}

std::string message_of(std::size_t m, const Excess& excess) {
  return shown(excess.value) + " " + std::string(kBounds[m].unit) + (excess.of_day ? " on this day" : " in this hour") +
         "; at most " + shown(excess.usual) + " before";
}

}  // namespace

void detect_volume(Context& context) {
  Profile& profile = context.profile();
  if (context.activity.stage == record::Stage::kOutcome || !context.activity.data.empty()) {
    const double kb = static_cast<double>(context.activity.response_bytes) / 1024;
    if (kb >= 64 || !context.activity.data.empty()) profile.note(context.index, Note::kVolume);
  }
  if ((context.index & 3) == 0) {
    profile.metrics[kDistinct].day = static_cast<float>(profile.day_things.estimate());
  }
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const auto found = excess(profile, m, 1);
    if (!found) {
      const MetricState& metric = profile.metrics[m];
      if (m < kDenials && metric.hour > kBounds[m].least_hour / 4 && metric.hour > 2 * metric.peak_hour) {
        context.small(Small::kVolume);
      }
      continue;
    }
    const bool exfiltration = m == kBytesOut || m == kRows;
    context.raise(About::kPrincipal, *context.who,
                  {.rule = exfiltration ? Rule::kExfiltrationVolume : Rule::kActivityShift,
                   .ratio = found->ratio,
                   .message = message_of(m, *found),
                   .rests_on = exfiltration ? Note::kVolume : Note::kNone});
  }
}

void detect_shift(Context& context, About about, ProfileTable::Entry& entry) {
  if (entry.profile.days_active < 7) return;
  for (const std::size_t m :
       {std::size_t{kRequests}, std::size_t{kTokens}, std::size_t{kBytesOut}, std::size_t{kRows}}) {
    const auto found = excess(entry.profile, m, 5);
    if (!found) continue;
    context.raise(about, entry,
                  {.rule = Rule::kActivityShift, .ratio = found->ratio, .message = message_of(m, *found)});
  }
}

}  // namespace redoubt::behaviour
