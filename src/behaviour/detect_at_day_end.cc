// What shows only over days: drift away from one's own past, a steady rise, and being unlike one's peers.
#include <algorithm>
#include <array>
#include <cmath>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr std::array<std::string_view, kMetricCount> kUnits = {"requests", "tokens", "bytes out", "rows",
                                                               "denials",  "errors", "matches",   "different things"};
// Days with less than this tell nothing.
constexpr std::array<float, kMetricCount> kLeastDay = {25, 20'000, 40'000, 1000, 15, 30, 15, 12};

// Of the sum, in spreads. Bytes out are the steadiest of all, and what an attacker is after.
constexpr float kDriftBound = 7;
constexpr float kDriftBoundBytes = 4;
constexpr float kDriftRatio = 1.5F;
constexpr double kRampGrowth = 0.9;  // e^0.9: two and a half times
constexpr double kRampZ = 4.7;
constexpr double kRisingZ = 3;  // from here on peaks hardly follow
constexpr double kPeersZ = 4.5;
constexpr std::uint16_t kPeersLeast = 60;  // days of members
constexpr std::uint16_t kNewDays = 10;
constexpr std::int64_t kJoinedMs = 5 * kDayMs;

// Whether it came after everybody else did: it then grows until it is like its peers.
bool is_joiner(const Context& context, const Profile& profile) {
  return profile.first_ms - context.state.first_ms > kJoinedMs;
}

const PeerGroup* peers_of(const Context& context, const ProfileTable::Entry& entry) {
  const auto found = context.state.peers.find(entry.tenant + "/" + static_cast<char>('0' + entry.profile.kind));
  return found == context.state.peers.end() ? nullptr : &found->second;
}

double peers_z(const PeerGroup* peers, std::size_t m, double amount) {
  if (peers == nullptr || peers->days[m].weight < kPeersLeast) return 0;
  return peers->days[m].z(anomaly::log_scale(amount), 0.5);
}

}  // namespace

void detect_at_day_end(Context& context, About about, ProfileTable::Entry& entry) {
  Profile& profile = entry.profile;
  if (about != About::kPrincipal && about != About::kTenant) return;
  const PeerGroup* const peers = about == About::kPrincipal ? peers_of(context, entry) : nullptr;
  const bool growing_up = is_joiner(context, profile);
  profile.rising = 0;
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const MetricState& metric = profile.metrics[m];
    const auto day = static_cast<double>(metric.day);
    if (metric.day < kLeastDay[m] || (about == About::kTenant && m == kDistinct)) continue;
    const double unlike = peers_z(peers, m, day);
    const bool of_its_own = !growing_up || unlike > 1.5;
    const float bound = m == kBytesOut ? kDriftBoundBytes : kDriftBound;
    const std::string today = shown(day) + " " + std::string(kUnits[m]) + " on the day before";
    if (of_its_own && metric.drift.weight >= DailyDrift::kWarmUp && metric.drift.above >= bound &&
        metric.drift.ratio(day) >= kDriftRatio) {
      const bool exfiltration = m == kBytesOut || m == kRows;
      context.raise(about, entry,
                    {.rule = exfiltration ? Rule::kExfiltrationDrip : Rule::kActivityDrift,
                     .ratio = static_cast<double>(metric.drift.above / bound),
                     .message = today + "; for days above the usual " +
                                shown(anomaly::from_log_scale(static_cast<double>(metric.drift.reference))),
                     .rests_on = Note::kVolume,
                     .confidence = 0.8});
    }
    if (m < kRampCount && of_its_own) {
      Ramp ramp = profile.ramps[m];
      ramp.learn(day);
      const Ramp::Rise rise = ramp.rise(kRampGrowth);
      if (rise.z >= kRisingZ) profile.rising |= static_cast<std::uint8_t>(1U << m);
      if (rise.z >= kRampZ &&
          context.raise(about, entry,
                        {.rule = Rule::kBaselineRamp,
                         .ratio = rise.z / kRampZ,
                         .message = today + "; steadily rising for " + shown(rise.days) +
                                    " days with any, by a factor of " + shown(std::exp(rise.growth)),
                         .rests_on = Note::kVolume,
                         .confidence = 0.8})) {
        for (Ramp& each : profile.ramps) each.begin_anew();
      }
    }
    if (about == About::kPrincipal && profile.days_active < kNewDays && unlike >= kPeersZ && m < kRampCount) {
      context.raise(about, entry,
                    {.rule = Rule::kPeerOutlier,
                     .ratio = unlike / kPeersZ,
                     .message = today + "; its peers have about " +
                                shown(anomaly::from_log_scale(static_cast<double>(peers->days[m].centre))),
                     .rests_on = Note::kVolume});
    }
  }
}

}  // namespace redoubt::behaviour
