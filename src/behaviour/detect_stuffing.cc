// Credential stuffing: many failed authentications from one network, with many different credentials; and somebody who
// is then authenticated from there. Without features no network is known, and only the sum is judged.
#include <algorithm>
#include <cmath>

#include "behaviour/internal/detectors.h"
#include "behaviour/network_name.h"

namespace redoubt::behaviour {
namespace {

constexpr float kLeastFailures = 30;         // with different credentials
constexpr float kLeastFailuresAlone = 1000;  // one client with a key that has ended tries again and again
constexpr double kLeastClaimed = 10;
constexpr float kLeastUnknown = 500;  // of nobody knows where
constexpr std::uint32_t kQuietHours = 24;

std::uint32_t hour_of(const Context& context) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(context.now_ms / kHourMs, 1, 0xffff'fff0));
}

bool quiet(std::uint32_t raised, std::uint32_t hour) {
  return raised != 0 && hour < raised + kQuietHours && hour + kQuietHours > raised;
}

void detect_of_source(Context& context, std::uint64_t prefix, float count) {
  Source& source = context.state.sources.use(prefix, context.now_ms);
  const float failures = source.failures.add(context.now_ms, kSourceHalfLifeS, count);
  source.noted[source.size++ % Source::kNoted] = context.index;
  if (context.features->claimed) source.claimed.add(keyed_mix(context.options.hash_key, *context.features->claimed));
  const double claimed = source.claimed.estimate();
  const bool different = claimed >= kLeastClaimed - 0.5;
  const float bound = different ? kLeastFailures : kLeastFailuresAlone;
  const std::uint32_t hour = hour_of(context);
  if (failures < bound || quiet(source.raised_hour, hour)) return;
  source.raised_hour = hour;
  std::vector<std::uint64_t> entries(
      source.noted.begin(),
      source.noted.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(source.size, Source::kNoted)));
  context.raise_source(Rule::kCredentialStuffing, "network/" + network_name(prefix),
                       static_cast<double>(failures / bound), 0.9,
                       shown(failures) + " failed authentications lately from one network, with about " +
                           shown(claimed) + " credentials",
                       std::move(entries));
}

// The sum of all whose network is not known is compared with the most that it ever was.
void detect_of_unknown(Context& context, float count) {
  State& state = context.state;
  const std::uint32_t hour = hour_of(context);
  if (hour != state.unknown_hour) {
    if (hour > state.unknown_hour) raise_peak(state.peak_unknown, state.hour_unknown, 50, state.unknown_hour == 0);
    state.hour_unknown = 0;
    state.unknown_hour = hour;
  }
  const float failures = state.unknown_failures.add(context.now_ms, kSourceHalfLifeS, count);
  state.hour_unknown = std::max(state.hour_unknown, failures);
  const float bound = std::max(kLeastUnknown, 5 * state.peak_unknown);
  if (failures < bound || quiet(state.unknown_raised_hour, hour)) return;
  state.unknown_raised_hour = hour;
  context.raise_source(Rule::kCredentialStuffing, "network/unknown", static_cast<double>(failures / bound), 0.5,
                       shown(failures) + " failed authentications lately, of networks that are not known", {});
}

}  // namespace

void detect_stuffing(Context& context) {
  const Activity& activity = context.activity;
  if (activity.stage != record::Stage::kDenial || activity.reason != Reason::kAuthentication) return;
  const auto count = static_cast<float>(std::min<std::uint64_t>(activity.count, 1'000'000));
  if (context.features != nullptr && context.features->address_prefix && activity.sources == 1) {
    detect_of_source(context, *context.features->address_prefix, count);
  } else {
    detect_of_unknown(context, count);
  }
}

void detect_stuffing_succeeded(Context& context) {
  if (context.activity.stage != record::Stage::kAdmission || context.features == nullptr) return;
  if (!context.features->address_prefix || context.state.sources.empty()) return;
  const Source* const source = context.state.sources.find(*context.features->address_prefix);
  if (source == nullptr || !quiet(source->raised_hour, hour_of(context))) return;
  // Whoever always comes from there is not who broke in.
  const std::uint64_t network = keyed_mix(context.options.hash_key, *context.features->address_prefix);
  if (context.profile().networks.has(network)) return;
  const std::uint64_t last = source->noted[(source->size - 1) % Source::kNoted];
  context.raise(
      About::kPrincipal, *context.who,
      {.rule = Rule::kStuffingSucceeded,
       .ratio = 3,
       .message = "authenticated from a network that it never came from, where " +
                  shown(source->failures.at(context.now_ms, kSourceHalfLifeS)) + " authentications had failed lately",
       .and_entry = last});
}

}  // namespace redoubt::behaviour
