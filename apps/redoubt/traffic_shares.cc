#include "redoubt/traffic_shares.h"

#include <algorithm>
#include <bit>

#include "behaviour/features.h"

namespace redoubt::app {
namespace {

using incident::Target;
using incident::TargetType;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kWindow = 60;  // minutes
constexpr std::uint64_t kWindowBits = (std::uint64_t{1} << kWindow) - 1;

}  // namespace

void TrafficShares::count(const behaviour::Activity& activity, const behaviour::Features* features) {
  const bool arrived = activity.stage == record::Stage::kAdmission || activity.stage == record::Stage::kDenial;
  const bool used = activity.stage == record::Stage::kOutcome && (!activity.tools.empty() || !activity.data.empty());
  if ((!arrived && !used) || !activity.authenticated()) return;
  const std::int64_t minute = activity.time.value / kMinuteMs;
  const std::lock_guard lock(mutex_);
  minute_ = std::max(minute_, minute);
  if (minute_ - minute >= kWindow) return;
  Uses& uses = tenants_[std::string(activity.tenant)];
  const std::string_view caller = activity.principal;
  if (used) {
    for (const std::string_view tool : activity.tools) add(uses, TargetType::kTool, tool, caller, minute);
    for (const behaviour::DataRead& data : activity.data) add(uses, TargetType::kDataSet, data.name, caller, minute);
    return;
  }
  add(uses, TargetType::kPrincipal, caller, caller, minute);
  add(uses, TargetType::kKey, activity.credential, caller, minute);
  add(uses, TargetType::kModel, activity.model, caller, minute);
  if (features != nullptr && features->address_prefix) {
    add(uses, TargetType::kNetwork, behaviour::network_name(*features->address_prefix), caller, minute);
  }
}

void TrafficShares::add(Uses& uses, TargetType type, std::string_view name, std::string_view caller,
                        std::int64_t minute) {
  if (name.empty()) return;
  std::string target(to_string(type));
  target.append("/").append(name);
  const auto of_target = uses.find(target);
  const auto known = of_target != uses.end() ? of_target->second.find(std::string(caller)) : Callers::iterator();
  if (of_target == uses.end() || known == of_target->second.end()) {
    if (pairs_ >= kPairsMax && !make_room()) {
      incomplete_until_ = minute_ + kWindow;
      return;
    }
    uses[target].emplace(caller, Minutes{.bits = 1, .last = minute});
    ++pairs_;
    return;
  }
  Minutes& minutes = known->second;
  if (minute > minutes.last) {
    const std::int64_t ahead = minute - minutes.last;
    minutes.bits = ahead >= kWindow ? 0 : minutes.bits << ahead;
    minutes.last = minute;
  }
  const std::int64_t behind = minutes.last - minute;
  if (behind < kWindow) minutes.bits = (minutes.bits | std::uint64_t{1} << behind) & kWindowBits;
}

int TrafficShares::minutes(const Minutes& of) const {
  const std::int64_t ago = minute_ - of.last;
  return ago >= kWindow ? 0 : std::popcount(of.bits << ago & kWindowBits);
}

std::int64_t TrafficShares::minutes(const Callers& of) const {
  std::int64_t out = 0;
  for (const auto& [caller, when] : of) out += minutes(when);
  return out;
}

// Forgets who was not there within the hour. Once a minute at most: a table that is full stays so.
bool TrafficShares::make_room() {
  if (swept_ == minute_) return false;
  swept_ = minute_;
  for (auto& [tenant, uses] : tenants_) {
    for (auto& [target, callers] : uses) {
      pairs_ -= std::erase_if(callers, [&](const auto& each) { return minutes(each.second) == 0; });
    }
  }
  return pairs_ < kPairsMax;
}

std::optional<double> TrafficShares::share(const Target& target, std::string_view tenant) {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(std::string(tenant));
  if (found == tenants_.end() || minute_ < incomplete_until_) return std::nullopt;
  const Uses& uses = found->second;
  std::int64_t all = 0;
  const std::string principals = std::string(to_string(TargetType::kPrincipal)) + "/";
  for (const auto& [name, callers] : uses) {
    if (name.starts_with(principals)) all += minutes(callers);
  }
  if (all == 0) return std::nullopt;
  const auto own = uses.find(target.text());
  return own == uses.end() ? 0.0 : static_cast<double>(minutes(own->second)) / static_cast<double>(all);
}

bool TrafficShares::seen(const Target& target) {
  const std::lock_guard lock(mutex_);
  const std::string name = target.text();
  for (const auto& [tenant, uses] : tenants_) {
    const auto found = uses.find(name);
    if (found != uses.end() && minutes(found->second) > 0) return true;
  }
  return false;
}

}  // namespace redoubt::app
