#include <algorithm>
#include <cmath>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr std::uint32_t kSilenceMax = 168;  // hours of silence that are learnt

// Least values that a peak may rise by, of an hour; see raise_peak().
constexpr std::array<float, kMetricCount> kPeakFloor = {20, 20'000, 200'000, 1000, 3, 10, 10, 4};

PeerGroup* peers_of(State& state, const ProfileTable::Entry& entry) {
  std::string key = entry.tenant;
  key += '/';
  key += static_cast<char>('0' + entry.profile.kind);
  const auto found = state.peers.find(key);
  if (found != state.peers.end()) return &found->second;
  if (state.peers.size() >= kPeerGroupsMax) return nullptr;
  return &state.peers[std::move(key)];
}

bool is_rising(const Profile& profile, std::size_t m) {
  return ((profile.rising >> m) & 1U) != 0;
}

void end_hour(Profile& profile) {
  const bool young = profile.hours_active < 24;
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    MetricState& metric = profile.metrics[m];
    if (metric.hour > 0) {
      metric.hours.learn(anomaly::log_scale(static_cast<double>(metric.hour)));
      raise_peak(metric.peak_hour, metric.hour, kPeakFloor[m], young, is_rising(profile, m));
    }
  }
  raise_peak(profile.peak_burst, profile.hour_burst, 10, young);
  raise_peak(profile.peak_large, profile.hour_large, 1, young);
  raise_peak(profile.peak_withheld, profile.hour_withheld, 1, young);
  ++profile.hours_active;
  profile.rhythm.learn({profile.hour * kHourMs}, static_cast<double>(profile.metrics[kRequests].hour));
  for (MetricState& metric : profile.metrics) metric.hour = 0;
  profile.hour_burst = profile.hour_large = profile.hour_withheld = 0;
  profile.boundary_mix = 0;
}

// The clock was set back: what was begun then is no part of any hour.
void begin_anew(Profile& profile, std::uint32_t hour) {
  for (MetricState& metric : profile.metrics) metric.hour = metric.day = 0;
  profile.hour_burst = profile.hour_large = profile.hour_withheld = 0;
  profile.boundary_mix = 0;
  profile.day_things = profile.day_texts = profile.day_members = profile.day_resources = profile.day_denied = {};
  profile.majority = 0;
  profile.majority_votes = 0;
  profile.hour = hour;
}

constexpr double kLightDay = 1.4;   // on log_scale: less than a quarter of the usual
constexpr float kSpreadMax = 0.6F;  // of a drift

// Days on which somebody only looked in are no measure of those on which they work: they would widen the spread until
// nothing stands out. Whoever began with one begins again. Whether the day was one of work.
bool learn_day(DailyDrift& drift, double amount) {
  const double residual = anomaly::log_scale(amount) - static_cast<double>(drift.reference);
  if (drift.weight > 0 && residual < -kLightDay) return false;
  if (drift.weight > 0 && drift.weight < DailyDrift::kWarmUp && residual > kLightDay) drift = {};
  drift.learn(amount);
  drift.spread = std::min(drift.spread, kSpreadMax);
  return true;
}

void end_day(Context& context, About about, ProfileTable::Entry& entry) {
  Profile& profile = entry.profile;
  profile.metrics[kDistinct].day = static_cast<float>(profile.day_things.estimate());
  if (about == About::kTenant) profile.metrics[kDistinct].day = static_cast<float>(profile.day_members.estimate());
  detect_at_day_end(context, about, entry);
  PeerGroup* const peers = about == About::kPrincipal ? peers_of(context.state, entry) : nullptr;
  const bool young = profile.days_active < 3;
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    MetricState& metric = profile.metrics[m];
    const auto amount = static_cast<double>(metric.day);
    if (metric.day > 0) {
      metric.days.learn(anomaly::log_scale(amount));
      if (learn_day(metric.drift, amount) && m < kRampCount) profile.ramps[m].learn(amount);
      raise_peak(metric.peak_day, metric.day, 4 * kPeakFloor[m], young, is_rising(profile, m));
      if (peers != nullptr) peers->days[m].learn(anomaly::log_scale(amount));
    }
    metric.day = 0;
  }
  raise_peak(profile.text_day_peak, static_cast<float>(profile.day_texts.estimate()), 100, young);
  profile.day_things = profile.day_texts = profile.day_members = profile.day_resources = profile.day_denied = {};
  profile.majority = 0;
  profile.majority_votes = 0;
  profile.days_active = static_cast<std::uint16_t>(std::min(profile.days_active + 1, 0xffff));
}

}  // namespace

void roll(Context& context, About about, ProfileTable::Entry& entry) {
  Profile& profile = entry.profile;
  // The number of an hour fits for six hundred thousand years to come; what lies before 1970 is hour one.
  const auto hour = static_cast<std::uint32_t>(std::clamp<std::int64_t>(context.local_ms() / kHourMs, 1, 0xffff'fff0));
  if (profile.hour == 0) {
    profile.first_ms = context.now_ms;
    profile.hour = hour;
  }
  profile.last_ms = std::max(profile.last_ms, context.now_ms);
  if (hour < profile.hour) begin_anew(profile, hour);
  if (hour <= profile.hour) return;
  end_hour(profile);
  if (hour / 24 != profile.hour / 24) end_day(context, about, entry);
  // Hours without anything are part of the rhythm.
  const std::uint32_t silent = std::min(hour - profile.hour - 1, kSilenceMax);
  for (std::uint32_t at = hour - silent; at < hour; ++at) profile.rhythm.learn({at * kHourMs}, 0);
  profile.hour = hour;
}

namespace {

struct Amounts {
  std::array<double, kMetricCount> by{};
};

Amounts amounts_of(const Activity& activity) {
  Amounts out;
  switch (activity.stage) {
    case record::Stage::kAdmission:
      out.by[kRequests] = 1;
      break;
    case record::Stage::kOutcome:
      out.by[kTokens] = static_cast<double>(activity.tokens());
      out.by[kBytesOut] = static_cast<double>(activity.response_bytes);
      // What the upstream failed at is not the caller's error.
      if (activity.status >= 400 && activity.status < 500 && activity.status != 429) out.by[kErrors] = 1;
      break;
    case record::Stage::kDenial:
      if (activity.reason == Reason::kUnavailable) break;
      if (activity.reason == Reason::kMalformed || activity.reason == Reason::kTooLarge) {
        out.by[kErrors] = static_cast<double>(activity.count);
      } else {
        out.by[kDenials] = static_cast<double>(activity.count);
      }
      break;
    default:
      break;
  }
  for (const DataRead& read : activity.data) out.by[kRows] += static_cast<double>(read.rows);
  for (const MatchSeen& match : activity.matches) out.by[kMatches] += static_cast<double>(match.count);
  return out;
}

void add(Profile& profile, const Amounts& amounts) {
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const auto amount = static_cast<float>(std::min(amounts.by[m], 1e15));
    profile.metrics[m].hour = std::min(profile.metrics[m].hour + amount, 1e17F);
    profile.metrics[m].day = std::min(profile.metrics[m].day + amount, 1e17F);
  }
}

// A model, tool or data set. Only what was there counts: a name that nothing answered for makes no profile.
ProfileTable::Entry* thing(Context& context, ProfileTable& table, About about, std::string_view name) {
  ProfileTable::Entry* const entry = table.use(name, context.now_ms);
  if (entry == nullptr) {
    ++context.state.stats.unprofiled;
    return nullptr;
  }
  roll(context, about, *entry);
  return entry;
}

void learn_things(Context& context, const Amounts& amounts) {
  const Activity& activity = context.activity;
  const std::uint64_t member = context.hash(activity.principal);
  const bool answered = activity.stage == record::Stage::kOutcome && activity.status >= 100 && activity.status < 400;
  const bool known_model =
      !activity.model.empty() && (answered || context.state.models.find(activity.model) != nullptr);
  if (known_model) {
    if (auto* const entry = thing(context, context.state.models, About::kModel, activity.model)) {
      add(entry->profile, amounts);
      entry->profile.day_members.add(member);
      detect_shift(context, About::kModel, *entry);
    }
  }
  for (const std::string_view name : activity.tools) {
    if (auto* const entry = thing(context, context.state.tools, About::kTool, name)) {
      add(entry->profile, {{1}});
      entry->profile.day_members.add(member);
      detect_shift(context, About::kTool, *entry);
    }
  }
  for (const DataRead& read : activity.data) {
    if (auto* const entry = thing(context, context.state.data, About::kData, read.name)) {
      add(entry->profile, {{1, 0, 0, static_cast<double>(read.rows)}});
      entry->profile.day_members.add(member);
      detect_shift(context, About::kData, *entry);
    }
  }
}

}  // namespace

void learn(Context& context) {
  const Activity& activity = context.activity;
  const Amounts amounts = amounts_of(activity);
  Profile& profile = context.profile();
  add(profile, amounts);
  if (context.tenant != nullptr) add(context.tenant->profile, amounts);
  learn_things(context, amounts);
  if (!context.learns) return;

  if (!activity.model.empty() && activity.stage == record::Stage::kAdmission) {
    profile.models.add(context.hash(activity.model));
    profile.day_things.add(context.hash(activity.model));
  }
  if (!activity.operation.empty() && activity.stage == record::Stage::kAdmission) {
    profile.operations.add(context.hash(activity.operation));
  }
  for (const std::string_view tool : activity.tools) {
    profile.tools.add(context.hash(tool));
    profile.day_things.add(context.hash(tool));
    if (profile.tool_calls < 0xffff'ffff) ++profile.tool_calls;
  }
  for (const DataRead& read : activity.data) {
    profile.data.add(context.hash(read.name));
    profile.day_things.add(context.hash(read.name));
    if (read.rows == 0) continue;  // or nobody counted them
    const auto rows = static_cast<float>(anomaly::log_scale(static_cast<double>(read.rows)));
    profile.rows_usual = profile.rows_usual == 0 ? rows : profile.rows_usual + (rows - profile.rows_usual) / 50;
  }
  if (context.features != nullptr && context.features->address_prefix && activity.stage == record::Stage::kAdmission) {
    const std::uint64_t network = keyed_mix(context.options.hash_key, *context.features->address_prefix);
    profile.networks.add(network);
    profile.day_things.add(network);
  }
}

}  // namespace redoubt::behaviour
