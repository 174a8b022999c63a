#include "incident/response.h"

#include <algorithm>
#include <array>

#include "incident/internal/names.h"
#include "record/fact_record.h"

namespace redoubt::incident {
namespace {

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

constexpr std::array<std::string_view, 6> kTargetTypes = {"principal", "key", "network", "model", "tool", "data_set"};
constexpr std::array<std::string_view, kEffectCount> kEffects = {"throttle", "step_up", "inspect",        "quarantine",
                                                                 "suspend",  "block",   "revoke_sessions"};
constexpr std::array<std::string_view, 4> kStatuses = {"proposed", "active", "rehearsed", "ended"};
constexpr std::array<std::string_view, 4> kEndWhys = {"none", "undone", "expired", "refused"};
constexpr std::array<std::string_view, 4> kFamilies = {"personal", "secret", "attack", "user"};

Result<> check_families(std::string_view families) {
  std::size_t begin = 0;
  while (begin <= families.size()) {
    const std::size_t end = std::min(families.find(',', begin), families.size());
    const std::string_view family = families.substr(begin, end - begin);
    if (std::find(kFamilies.begin(), kFamilies.end(), family) == kFamilies.end()) {
      return wrong("`" + std::string(family) + "` is no family of matches: `personal`, `secret`, `attack` or `user`");
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace

std::string_view to_string(TargetType type) {
  return kTargetTypes.at(static_cast<std::size_t>(type));
}

std::string Target::text() const {
  return std::string(to_string(type)).append("/").append(name);
}

Result<Target> parse_target(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto type = named<TargetType>(kTargetTypes, text.substr(0, slash));
  if (!type || slash == std::string_view::npos) {
    return wrong("`" + std::string(text.substr(0, 64)) +
                 "` is nothing that a response acts on: `principal/ID`, "
                 "`key/ID`, `network/HASH`, `model/NAME`, `tool/NAME` or `data_set/NAME`");
  }
  const std::string_view name = text.substr(slash + 1);
  if (name.size() > kTargetNameMax || !record::is_fact_name(name)) {
    return wrong("the name of a target is 1 to " + std::to_string(kTargetNameMax) + " visible ASCII characters");
  }
  return Target{.type = *type, .name = std::string(name)};
}

std::string_view to_string(Effect effect) {
  return kEffects.at(static_cast<std::size_t>(effect));
}

std::optional<Effect> parse_effect(std::string_view text) {
  return named<Effect>(kEffects, text);
}

bool acts_on(Effect effect, TargetType type) {
  switch (effect) {
    case Effect::kThrottle:
    case Effect::kSuspend:
    case Effect::kRevokeSessions:
      return type == TargetType::kPrincipal || type == TargetType::kKey;
    case Effect::kStepUp:
    case Effect::kQuarantine:
    case Effect::kInspect:
      return type == TargetType::kPrincipal || type == TargetType::kKey || type == TargetType::kModel;
    case Effect::kBlock:
      return type != TargetType::kPrincipal && type != TargetType::kKey;
  }
  return false;
}

bool stops(Effect effect) {
  return effect == Effect::kSuspend || effect == Effect::kBlock || effect == Effect::kQuarantine;
}

bool interrupts(Effect effect) {
  return effect >= Effect::kQuarantine;
}

std::string_view to_string(ResponseStatus status) {
  return kStatuses.at(static_cast<std::size_t>(status));
}

std::optional<ResponseStatus> parse_response_status(std::string_view text) {
  return named<ResponseStatus>(kStatuses, text);
}

std::string_view to_string(EndWhy why) {
  return kEndWhys.at(static_cast<std::size_t>(why));
}

std::optional<EndWhy> parse_end_why(std::string_view text) {
  return named<EndWhy>(kEndWhys, text);
}

Result<> check(const Action& action) {
  if (!acts_on(action.effect, action.target.type)) {
    return wrong("there is no `" + std::string(to_string(action.effect)) + "` of a " +
                 std::string(to_string(action.target.type)));
  }
  if (auto target = parse_target(action.target.text()); !target) return target.error();
  if (action.for_ms < kResponseMsMin || action.for_ms > kResponseMsMax) {
    return wrong("a response lasts from a minute to 30 days");
  }
  const bool throttle = action.effect == Effect::kThrottle;
  if (throttle != (action.per_minute > 0) || action.per_minute > kThrottleMax) {
    return wrong(throttle ? "a throttle lets 1 to " + std::to_string(kThrottleMax) + " requests a minute pass"
                          : "only a throttle has a number of requests");
  }
  const bool inspect = action.effect == Effect::kInspect;
  if (inspect != !action.families.empty()) {
    return wrong(inspect ? "an inspection names the families that it stops" : "only an inspection names families");
  }
  return inspect ? check_families(action.families) : Result<>{};
}

}  // namespace redoubt::incident
