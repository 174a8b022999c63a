#include "behaviour/simulation/simulation.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "behaviour/simulation/attacks.h"
#include "behaviour/simulation/events.h"
#include "encoding/json_writer.h"
#include "record/exchange_record.h"

namespace redoubt::behaviour::simulation {
namespace {

constexpr std::array<std::string_view, 6> kOperations = {"chat.completions", "embeddings",  "infer",
                                                         "tools.call",       "models.list", "fine_tuning.create"};

bool earlier(const Event& a, const Event& b) {
  return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.order < b.order;
}

}  // namespace

struct Simulation::Impl {
  explicit Impl(const SimulationOptions& given)
      : options(given),
        organisation(make_organisation(given.seed, given.people, given.applications, given.agents, given.days)) {
    for (unsigned i = 0; i < options.attacks.size(); ++i) {
      PlannedAttack planned = plan_attack(organisation, options.seed, options.attacks[i], i);
      attacks.push_back(std::move(planned.attack));
      for (Event& event : planned.events.list()) attack_events.push_back(std::move(event));
    }
    std::stable_sort(attack_events.begin(), attack_events.end(), earlier);
    for (unsigned i = 0; i < 8; ++i) unknown_models.push_back("unknown-" + std::to_string(i));
  }

  void emit(const Event& event, std::uint64_t index, const std::function<void(const SimulatedRecord&)>& take) {
    Activity activity;
    activity.stage = event.stage;
    activity.time = {event.time_ms};
    activity.exchange = "00000000000000000000000000000000";
    if (event.stage == record::Stage::kFact) {
      activity.principal = "redoubt";
      activity.change = event.change;
      activity.subject = organisation.members[event.member].name;
      activity.subject_kind = organisation.members[event.member].kind;
      activity.groups = event.groups;
      activity.operation = "identity.principal.update";
      take({index, activity, nullptr, event.attack});
      return;
    }
    if (event.member != kNobody) {
      const Member& member = organisation.members[event.member];
      activity.principal = member.name;
      activity.credential = member.credential;
      activity.tenant = organisation.tenants[member.tenant];
      activity.principal_kind = member.kind == PrincipalKind::kUser ? PrincipalKind::kUser : PrincipalKind::kService;
      activity.operation = kOperations[static_cast<std::size_t>(event.operation)];
      activity.policy = "policy-1";
    }
    if (event.model >= 1000) {
      activity.model = unknown_models[static_cast<std::size_t>(event.model) % unknown_models.size()];
    } else if (event.model >= 0) {
      activity.model = organisation.models[static_cast<std::size_t>(event.model)];
    }
    activity.upstream = "upstream-1";
    activity.reason = event.reason;
    activity.ending = event.ending;
    activity.count = event.count;
    activity.sources = event.sources;
    activity.prompt_tokens = event.prompt_tokens;
    activity.completion_tokens = event.completion_tokens;
    activity.request_bytes = event.request_bytes;
    activity.response_bytes = event.response_bytes;
    activity.duration_ms = event.duration_ms;
    activity.status = event.status;
    const MatchSeen match{event.match, event.match_count, event.match_action};
    if (!event.match.empty()) activity.matches = {&match, 1};
    std::string_view tool;
    if (event.tool >= 0) {
      tool = organisation.tools[static_cast<std::size_t>(event.tool)];
      activity.tools = {&tool, 1};
    }
    DataRead data;
    if (event.data >= 0) {
      data = {organisation.data[static_cast<std::size_t>(event.data)], event.rows};
      activity.data = {&data, 1};
    }
    const bool sealed = options.features && event.features.has_value();
    take({index, activity, sealed ? &*event.features : nullptr, event.attack});
  }

  void run(const std::function<void(const SimulatedRecord&)>& take) {
    std::vector<Event> waiting;  // outcomes of the day before that come after midnight
    auto attack = attack_events.begin();
    std::uint64_t index = 0;
    for (unsigned day = 0; day < options.days; ++day) {
      const std::int64_t end = kStartMs + (day + 1) * kDay;
      Events events;
      make_day(organisation, options.seed, day, events);
      std::vector<Event> all = std::move(events.list());
      std::move(waiting.begin(), waiting.end(), std::back_inserter(all));
      waiting.clear();
      for (; attack != attack_events.end() && attack->time_ms < end; ++attack) all.push_back(*attack);
      std::stable_sort(all.begin(), all.end(), earlier);
      for (Event& event : all) {
        if (event.time_ms < end) {
          emit(event, index++, take);
        } else {
          waiting.push_back(std::move(event));
        }
      }
    }
  }

  SimulationOptions options;
  Organisation organisation;
  std::vector<Attack> attacks;
  std::vector<Event> attack_events;
  std::vector<std::string> unknown_models;
};

Simulation::Simulation(const SimulationOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Simulation::~Simulation() = default;

void Simulation::run(const std::function<void(const SimulatedRecord&)>& take) {
  impl_->run(take);
}
const std::vector<Attack>& Simulation::attacks() const {
  return impl_->attacks;
}

namespace {

record::PrincipalType type_of(PrincipalKind kind) {
  return kind == PrincipalKind::kUser ? record::PrincipalType::kUser : record::PrincipalType::kService;
}

record::Finish finish_of(Ending ending) {
  switch (ending) {
    case Ending::kClientGone:
      return record::Finish::kClientGone;
    case Ending::kUpstreamFailed:
      return record::Finish::kUpstreamFailed;
    case Ending::kUpstreamTimeout:
      return record::Finish::kUpstreamTimeout;
    case Ending::kReleaseDenied:
      return record::Finish::kReleaseDenied;
    case Ending::kLimitReached:
      return record::Finish::kLimitReached;
    case Ending::kAborted:
      return record::Finish::kAborted;
    default:
      return record::Finish::kCompleted;
  }
}

record::DenialReason reason_of(Reason reason) {
  switch (reason) {
    case Reason::kAuthentication:
      return record::DenialReason::kAuthentication;
    case Reason::kMalformed:
      return record::DenialReason::kMalformed;
    case Reason::kTooLarge:
      return record::DenialReason::kTooLarge;
    case Reason::kLimit:
      return record::DenialReason::kLimit;
    case Reason::kContent:
      return record::DenialReason::kContent;
    case Reason::kUnavailable:
      return record::DenialReason::kUnavailable;
    default:
      return record::DenialReason::kAuthorization;
  }
}

// What the gateway does not write yet goes in front of the record's end.
void append_read_and_called(std::string& record, const Activity& activity) {
  std::string more;
  encoding::JsonWriter json(more);
  json.begin_object();
  if (!activity.tools.empty()) {
    json.key("tools");
    json.begin_array();
    for (const std::string_view tool : activity.tools) json.value(tool);
    json.end_array();
  }
  if (!activity.data.empty()) {
    json.key("data");
    json.begin_array();
    for (const DataRead& read : activity.data) {
      json.begin_object();
      json.member("name", read.name);
      json.member("rows", read.rows);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  if (more.size() == 2) return;
  record.insert(record.size() - 3, "," + more.substr(1, more.size() - 2));
}

}  // namespace

std::string record_json(const Activity& activity) {
  std::vector<record::MatchCount> matches;
  for (const MatchSeen& match : activity.matches) matches.push_back({match.kind, match.count, match.action});
  const record::ExchangeFacts facts{.exchange_uid = activity.exchange,
                                    .time = activity.time,
                                    .source = {"redoubt.example/ledger", activity.tenant, "0.1.0"},
                                    .method = "POST",
                                    .path = "/v1/chat/completions",
                                    .request_size = activity.request_bytes,
                                    .principal_uid = activity.principal,
                                    .principal_type = type_of(activity.principal_kind),
                                    .credential_uid = activity.credential,
                                    .operation = activity.operation,
                                    .model = activity.model,
                                    .upstream = activity.upstream,
                                    .authorizer = "cedar",
                                    .policy_uid = activity.policy,
                                    .matches = matches};
  std::string out;
  if (activity.stage == record::Stage::kAdmission) {
    record::append_admission(out, facts, {});
  } else if (activity.stage == record::Stage::kOutcome) {
    record::Outcome outcome{.finish = finish_of(activity.ending),
                            .http_status = static_cast<int>(activity.status),
                            .duration_ms = activity.duration_ms,
                            .response_size = activity.response_bytes,
                            .prompt_tokens = activity.prompt_tokens,
                            .completion_tokens = activity.completion_tokens,
                            .matches = matches};
    record::append_outcome(out, facts, outcome);
  } else {
    record::append_denial(out, facts,
                          {.reason = reason_of(activity.reason),
                           .http_status = static_cast<int>(activity.status),
                           .count = activity.count,
                           .sources = activity.sources});
  }
  append_read_and_called(out, activity);
  return out;
}

}  // namespace redoubt::behaviour::simulation
