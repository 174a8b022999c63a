#include "incident/responder.h"

#include <algorithm>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "incident/exercise.h"
#include "incident/listing.h"
#include "record/fact_record.h"

namespace redoubt::incident {
namespace {

using behaviour::Signal;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::string_view kNetworkKey = "network/";

// The same on each reading of the ledger.
std::string response_id(const Alert& alert, const Playbook& playbook, std::size_t step) {
  const crypto::Sha256Digest digest =
      crypto::sha256(as_bytes(alert.id + "/" + playbook.name + "/" + std::to_string(step)));
  std::string out;
  encoding::append_hex(out, ByteView(digest).first(8));
  return out;
}

bool is_of_principal(TargetType type) {
  return type == TargetType::kPrincipal || type == TargetType::kKey;
}

std::string cut(std::string text, std::size_t max) {
  if (text.size() <= max) return text;
  // Not within a code point.
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

std::string title_of(const Signal& signal) {
  return cut((is_exercise(signal.tags) ? "Exercise: " : "") + signal.rule + " of " + signal.key, kTitleMax);
}

// An active response that does at least as much to the target.
bool in_force(const Restrictions& restrictions, const Action& action, UnixMillis now) {
  const std::vector<Response> held = restrictions.holding(action.target, now);
  return std::any_of(held.begin(), held.end(), [&](const Response& each) {
    if (each.action.effect != action.effect) return stops(each.action.effect) && !stops(action.effect);
    if (action.effect == Effect::kThrottle) return each.action.per_minute <= action.per_minute;
    return action.effect != Effect::kInspect || each.action.families == action.families;
  });
}

}  // namespace

struct Responder::Plan {
  std::vector<PlannedResponse> responses;
  std::vector<std::string> withheld;

  bool empty() const { return responses.empty() && withheld.empty(); }
};

Responder::Responder(std::vector<Playbook> playbooks, Surroundings& surroundings, const Restrictions& restrictions)
    : playbooks_(std::make_shared<const std::vector<Playbook>>(std::move(playbooks))),
      surroundings_(surroundings),
      restrictions_(restrictions) {}

Result<std::optional<state::Proposal>> Responder::take(const Signal& signal, UnixMillis now, state::Tables& tables) {
  auto last = last_alert(tables, signal.rule, signal.key);
  if (!last) return last.error();
  // An exercise and what is real never are one alert.
  if (!*last || is_exercise((*last)->tags) != is_exercise(signal.tags)) return begin(signal, now, tables);
  const Alert& alert = **last;
  if (signal.index <= alert.last_index) return std::optional<state::Proposal>();  // read again after a restart
  const auto growth = growing_.find(alert.id);
  if (growth != growing_.end() && signal.index <= growth->second.index) return std::optional<state::Proposal>();
  const UnixMillis seen = growth != growing_.end() ? growth->second.time : alert.last;
  bool over = signal.time.value - seen.value > kAlertQuietMs;
  if (!over && !alert.incident.empty()) {
    const auto incident = find_incident(tables, alert.incident);
    if (!incident) return incident.error();
    over = *incident && (*incident)->status >= IncidentStatus::kClosed;
  }
  if (!over) return grow(alert, signal, now, tables);
  growing_.erase(alert.id);
  return begin(signal, now, tables);
}

Result<std::optional<state::Proposal>> Responder::begin(const Signal& signal, UnixMillis now, state::Tables& tables) {
  if (!signal.key.starts_with(kNetworkKey) || signal.key == kOtherNetworks ||
      networks_alerted(tables, signal.rule, {signal.time.value - kAlertQuietMs}, kNetworksOfRuleMax) <
          kNetworksOfRuleMax) {
    return raise(signal, now, tables);
  }
  Signal other = signal;
  other.key = kOtherNetworks;
  other.message = "from more than " + std::to_string(kNetworksOfRuleMax) + " networks: " + signal.message;
  return take(other, now, tables);
}

Result<std::optional<state::Proposal>> Responder::raise(const Signal& signal, UnixMillis now, state::Tables& tables) {
  AlertRaise out;
  Alert& alert = out.alert;
  alert.id = alert_id(signal);
  alert.rule = signal.rule;
  alert.key = signal.key;
  alert.tenant = signal.tenant;
  alert.severity = signal.severity;
  alert.attribution = signal.attribution;
  alert.message = cut(signal.message, kLineMax);
  alert.tags = signal.tags;
  alert.entries = signal.entries;
  alert.first_index = alert.last_index = signal.index;
  alert.first = alert.last = signal.time;
  alert.count = 1;
  if (signal.severity >= kIncidentFrom) {
    const auto open = open_incident_of(tables, signal.key, {signal.time.value - kAlertQuietMs});
    if (!open) return open.error();
    const bool joins = *open && is_exercise((*open)->id, tables) == is_exercise(signal.tags);
    alert.incident = joins ? (*open)->id : alert.id;
    if (!joins) out.title = title_of(signal);
  }
  auto planned = plan(signal, 1, alert, now, tables);
  if (!planned) return planned.error();
  alert.withheld = std::move(planned->withheld);
  out.responses = std::move(planned->responses);
  auto proposal = propose_raise(out);
  if (!proposal) return proposal.error();
  proposal->actor.on_behalf_of = acting(out.responses);
  return std::optional<state::Proposal>(*std::move(proposal));
}

Result<std::optional<state::Proposal>> Responder::grow(const Alert& alert, const Signal& signal, UnixMillis now,
                                                       state::Tables& tables) {
  const auto at = growing_.find(alert.id);
  Growth growth =
      at != growing_.end() ? at->second : Growth{.count = alert.count, .severity = alert.severity, .since = now};
  growth.index = signal.index;
  growth.time = signal.time;
  ++growth.count;
  growth.severity = std::max(growth.severity, signal.severity);

  auto planned = plan(signal, growth.count, alert, now, tables);
  if (!planned) return planned.error();
  const bool worse = growth.severity > alert.severity;
  const bool more = growth.count >= alert.count * kGrowFactor;
  const bool late = now.value - growth.since.value >= kGrowMs;
  // No room to remember it: it goes on record now, so that nothing is forgotten.
  const bool full = at == growing_.end() && growing_.size() >= kGrowingMax;
  if (!worse && !more && !late && !full && planned->empty()) {
    growing_.insert_or_assign(alert.id, growth);
    return std::optional<state::Proposal>();
  }
  AlertGrow out{.index = growth.index,
                .time = growth.time,
                .count = growth.count,
                .severity = growth.severity,
                .withheld = std::move(planned->withheld),
                .responses = std::move(planned->responses)};
  if (alert.incident.empty() && growth.severity >= kIncidentFrom) {
    const auto open = open_incident_of(tables, alert.key, {signal.time.value - kAlertQuietMs});
    if (!open) return open.error();
    const bool joins = *open && is_exercise((*open)->id, tables) == is_exercise(signal.tags);
    out.incident = joins ? (*open)->id : alert.id;
    if (!joins) out.title = title_of(signal);
  }
  auto proposal = propose_grow(alert, out);
  if (!proposal) return proposal.error();
  proposal->actor.on_behalf_of = acting(out.responses);
  growing_.erase(alert.id);
  return std::optional<state::Proposal>(*std::move(proposal));
}

Result<std::optional<state::Proposal>> Responder::settle(UnixMillis now, state::Tables& tables) {
  for (auto at = growing_.begin(); at != growing_.end(); ++at) {
    if (now.value - at->second.since.value < kGrowMs) continue;
    const Growth growth = at->second;
    const auto alert = find_alert(tables, at->first);
    growing_.erase(at);
    if (!alert) return alert.error();
    if (!*alert || growth.index <= (*alert)->last_index) return std::optional<state::Proposal>();
    auto proposal = propose_grow(
        **alert, {.index = growth.index, .time = growth.time, .count = growth.count, .severity = growth.severity});
    if (!proposal) return proposal.error();
    return std::optional<state::Proposal>(*std::move(proposal));
  }
  return std::optional<state::Proposal>();
}

Result<std::optional<state::Proposal>> Responder::expire(UnixMillis now, state::Tables& tables) {
  const auto over = expired_responses(tables, now, 1);
  if (!over) return over.error();
  if (over->empty()) return std::optional<state::Proposal>();
  auto proposal = propose_end(over->front(), EndWhy::kExpired);
  if (!proposal) return proposal.error();
  return std::optional<state::Proposal>(*std::move(proposal));
}

// ----------------------------------------------------------------------------------------------------------- planning

std::string Responder::acting(const std::vector<PlannedResponse>& responses) const {
  std::string out;
  std::string_view last;
  for (const PlannedResponse& response : responses) {
    if (response.playbook == last) continue;
    last = response.playbook;
    for (const Playbook& playbook : *playbooks_) {
      if (playbook.name != response.playbook) continue;
      const std::string name =
          (out.empty() ? "playbook/" : ",") + playbook.name + (playbook.digest.empty() ? "" : "@" + playbook.digest);
      if (out.size() + name.size() <= record::kFactNameMax) out += name;
    }
  }
  return out;
}

Result<Responder::Plan> Responder::plan(const Signal& signal, std::uint64_t count, const Alert& alert, UnixMillis now,
                                        state::Tables& tables) {
  Plan out;
  unsigned stopping = 0;
  double stopped_share = 0;
  std::optional<Target> about;
  if (auto target = parse_target(signal.key); target && signal.key != kOtherNetworks) about = *std::move(target);
  const auto withhold = [&](const Playbook& playbook, const Playbook::Step& step, const std::string& why) {
    std::string line = cut(playbook.name + " " + std::string(to_string(step.effect)) + ": " + why, kLineMax);
    const auto known = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), line) != list.end();
    };
    if (known(alert.withheld) || known(out.withheld)) return;
    if (alert.withheld.size() + out.withheld.size() < kWithheldMax) out.withheld.push_back(std::move(line));
  };
  const bool late = now.value - signal.time.value > kAnswerWithinMs;
  for (const Playbook& playbook : *playbooks_) {
    if (!playbook.is_for(signal, count) || has_answered(tables, playbook.name, alert.id)) continue;
    for (std::size_t at = 0; at < playbook.steps.size(); ++at) {
      const Playbook::Step& step = playbook.steps[at];
      if (late) {
        withhold(playbook, step, "it came more than an hour late");
        continue;
      }
      if (!step.target && !about) {
        withhold(playbook, step, "`" + signal.key + "` is nothing that a response acts on");
        continue;
      }
      const Action action = step.on(about ? *about : *step.target);
      if (std::string why = forbidden(action, signal, about && action.target == *about, now); !why.empty()) {
        withhold(playbook, step, why);
        continue;
      }
      const std::uint64_t there = alert.incident.empty() ? 0 : responses_of(tables, alert.incident);
      if (there + out.responses.size() >= kResponsesOfIncidentMax || out.responses.size() >= kResponsesOfFactMax) {
        withhold(playbook, step, "the incident has as many responses as it may");
        continue;
      }
      PlannedResponse response{.id = response_id(alert, playbook, at), .action = action, .playbook = playbook.name};
      if (playbook.rehearse || is_exercise(signal.tags)) {
        response.status = ResponseStatus::kRehearsed;
      } else {
        response.why = step.approval ? "the playbook says that somebody accepts it"
                                     : waits(playbook, action, signal.tenant, stopping, stopped_share, now, tables);
        if (!response.why.empty()) response.status = ResponseStatus::kProposed;
      }
      if (response.status == ResponseStatus::kActive && interrupts(action.effect)) {
        ++stopping;
        stopped_share += surroundings_.share(action.target, signal.tenant).value_or(1);
      }
      out.responses.push_back(std::move(response));
    }
  }
  return out;
}

std::string Responder::forbidden(const Action& action, const Signal& signal, bool about, UnixMillis now) {
  const Target& target = action.target;
  if (!acts_on(action.effect, target.type)) {
    return "there is no `" + std::string(to_string(action.effect)) + "` of a " + std::string(to_string(target.type));
  }
  if (is_of_principal(target.type)) {
    if (!about) return "a playbook touches no other principal than the one that the alert is about";
    if (signal.attribution != Attribution::kProven)
      return "it is not proven that this came from `" + target.text() + "`";
    if (std::find(signal.tags.begin(), signal.tags.end(), kInducedTag) != signal.tags.end()) {
      return "what `" + target.text() + "` was given to read may have brought it about";
    }
  }
  const bool simulated = about && is_exercise(signal.tags);
  if (!simulated && !surroundings_.exists(target)) return "there is no `" + target.text() + "`";
  if (std::string why = surroundings_.exempt(target); !why.empty()) return why;
  if (in_force(restrictions_, action, now)) return "as much is in force already";
  return {};
}

std::string Responder::waits(const Playbook& playbook, const Action& action, std::string_view tenant, unsigned planned,
                             double planned_share, UnixMillis now, state::Tables& tables) {
  if (!interrupts(action.effect)) return {};
  if (stops_since(tables, {now.value - kMinuteMs}) + planned >= playbook.guard.stops_per_minute) {
    return "playbooks have stopped as much within this minute as they may";
  }
  const auto own = surroundings_.share(action.target, tenant);
  if (!own) return "its share of the tenant's traffic is not known";
  double share = *own + planned_share;
  const auto stopped = stopped_in(tables, tenant, now);
  if (!stopped) return "what is stopped already is not known";
  for (const Target& target : *stopped) {
    if (target != action.target) share += surroundings_.share(target, tenant).value_or(1);
  }
  if (share * 100 > playbook.guard.traffic_percent) {
    return "with it, automatic responses would stop more than " + std::to_string(playbook.guard.traffic_percent) +
           " % of the tenant's traffic";
  }
  return {};
}

}  // namespace redoubt::incident
