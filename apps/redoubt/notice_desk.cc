#include "redoubt/notice_desk.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/log.h"
#include "identity/identities.h"
#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/notices.h"
#include "redoubt/notice_texts.h"

namespace redoubt::app {
namespace {

using incident::Happening;
using incident::IncidentStatus;
using incident::ResponseStatus;
using notify::NoticeKind;

constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::minutes kClocksEvery{1};
constexpr std::int64_t kClosedMs = 3600'000;  // an end that is older is news to nobody
constexpr unsigned kTriesMax = 4;             // of a fact that the state does not take
// At once, before others of the thread have their turn.
constexpr std::size_t kItemsAtOnce = 256;
constexpr std::size_t kLooksAtOnce = 32;
constexpr std::size_t kMessagesAtOnce = 256;
// Taken up at the start, the newest; more than anybody looks at.
constexpr std::size_t kOpenMax = 1000;
constexpr std::size_t kLoneMax = 200;  // responses of no incident
constexpr std::size_t kOfIncidentMax = 50;
constexpr std::size_t kClocksMax = 1000;
constexpr std::size_t kToRecordMax = 4096;  // while so many wait, the notifier is not heard
constexpr std::size_t kSeveritiesMax = 10'000;

// By wall time, so that waiting for somebody goes on through a restart.
notify::LaneTime lane_time(UnixMillis time) {
  return notify::LaneTime(std::chrono::milliseconds(time.value));
}

// The ledger, or the tables, cannot take it now: the same is tried again.
bool is_for_later(Errc code) {
  return code == Errc::kUnavailable || code == Errc::kResourceExhausted || code == Errc::kDeadlineExceeded ||
         code == Errc::kIo;
}

}  // namespace

void NoticeDesk::use(std::shared_ptr<const NoticePlan> plan) {
  const bool same = plan_ && plan_->digest == plan->digest;
  plan_ = std::move(plan);
  if (same) return;
  asked_ = false;
  counts_.running = false;
  std::vector<std::string> endpoints;
  for (const notify::Endpoint& each : plan_->settings.endpoints) endpoints.push_back(each.name);
  to_record(untold_.keep_only(endpoints, "it is not configured any more"));
  book_.reset();
  to_look_.clear();
  lone_responses_.clear();
  due_.clear();
  severities_.clear();
  if (!plan_->digest.empty()) book_.emplace(plan_->settings);
  counts_.configured = book_.has_value();
  // What is open is read by statements, which would wait for what a start writes.
  to_take_up_ = book_.has_value();
  if (to_take_up_ && parts_.engine.written()) take_up();
}

void NoticeDesk::tick() {
  if (stopped_ || !plan_) return;
  if (!asked_) asked_ = parts_.link.want(plan_->digest);
  hear();
  if (parts_.engine.written()) {
    if (to_take_up_) take_up();
    if (book_) {
      for (const auto& step :
           {&NoticeDesk::follow, &NoticeDesk::look_at_some, &NoticeDesk::look_at_clocks, &NoticeDesk::escalate}) {
        const auto done = (this->*step)();
        if (done || told_ == done.error().message()) continue;
        told_ = done.error().message();
        log::error("notices", "the state cannot be looked at", {{"why", told_}});
      }
    }
    to_record(untold_.give_up(now()));
    record();
  }
  hand_over();
  show();
}

// ------------------------------------------------------------------------------------------------- what is to be told

// What is open, in whatever way it came to be.
void NoticeDesk::take_up() {
  to_take_up_ = false;
  followed_ = parts_.engine.applied();
  seen_.reset();
  if (followed_) seen_ = {.index = *followed_, .part = std::numeric_limits<std::int64_t>::max()};
  next_clocks_ = {};
  for (const IncidentStatus status :
       {IncidentStatus::kOpen, IncidentStatus::kAcknowledged, IncidentStatus::kContained, IncidentStatus::kClosed}) {
    if (const auto done = take_up(status); !done) {
      log::error("notices", "what is open cannot be looked at", {{"why", done.error().message()}});
    }
  }
  for (const ResponseStatus status : {ResponseStatus::kProposed, ResponseStatus::kActive}) {
    const auto responses = incident::list_responses(tables(), {.status = status}, {}, kLoneMax);
    if (!responses) return;
    for (const incident::Response& each : *responses) {
      if (each.incident.empty()) lone_responses_.push_back(each.id);
    }
  }
}

Result<> NoticeDesk::take_up(IncidentStatus status) {
  const auto found = incident::list_incidents(tables(), {.status = status}, {}, kOpenMax);
  if (!found) return found.error();
  for (const incident::Incident& each : *found) {
    if (status == IncidentStatus::kClosed && now().value - each.closed.value > kClosedMs) continue;
    to_look_.emplace(each.id, each.acknowledged.value == 0);
  }
  return {};
}

Result<> NoticeDesk::follow() {
  const auto applied = parts_.engine.applied();
  if (!applied || followed_ == applied || to_look_.size() >= kItemsAtOnce || !untold_.room()) return {};
  const auto items = incident::items_after(tables(), seen_, kItemsAtOnce);
  if (!items) return items.error();
  for (const incident::TimelineItem& each : *items) {
    seen_ = each.place;
    if (each.what == Happening::kNoticeAttempted) continue;
    if (!each.incident.empty()) to_look_.emplace(each.incident, false);
    const std::string_view name = std::string_view(each.object).substr(each.object.find('/') + 1);
    if (each.what == Happening::kIncidentMerged) to_look_.emplace(name, false);
    const bool begins = each.what == Happening::kResponseProposed || each.what == Happening::kResponseStarted;
    if (begins && each.incident.empty()) lone_responses_.emplace_back(name);
  }
  if (items->size() < kItemsAtOnce) followed_ = applied;
  return {};
}

Result<> NoticeDesk::look_at_some() {
  for (std::size_t n = 0; n < kLooksAtOnce && !to_look_.empty() && untold_.room(); ++n) {
    const auto [id, again] = *to_look_.begin();
    if (auto done = look(id, again); !done) return done;
    to_look_.erase(id);
  }
  while (!lone_responses_.empty() && untold_.room()) {
    const auto response = incident::find_response(tables(), lone_responses_.front());
    if (!response) return response.error();
    lone_responses_.pop_front();
    if (!*response) continue;
    if ((*response)->status == ResponseStatus::kProposed) {
      if (auto told = tell(notice_of_waiting(**response, tables()), false); !told) return told.error();
    }
    if (auto done = look_at_playbooks({**response}, false); !done) return done;
  }
  return {};
}

Result<> NoticeDesk::look(const std::string& id, bool again) {
  const auto incident = incident::find_incident(tables(), id);
  if (!incident) return incident.error();
  if (!*incident) return {};
  if ((*incident)->status < IncidentStatus::kClosed) return look_at_open(**incident, again);
  book_->acknowledge(id);
  severities_.erase(id);
  if ((*incident)->status == IncidentStatus::kMerged) return {};
  // Only who was told that it began.
  const auto told = incident::told_severity(tables(), id);
  if (!told) return told.error();
  if (!*told) return {};
  auto done = tell(notice_about(**incident, NoticeKind::kIncidentClosed, **told, tables()), again);
  return done ? Result<>() : done.error();
}

Result<> NoticeDesk::look_at_open(const incident::Incident& incident, bool again) {
  const auto now_is = incident::severity_of(tables(), incident.id);
  const auto on_record = incident::told_severity(tables(), incident.id);
  if (!now_is) return now_is.error();
  if (!on_record) return on_record.error();
  const incident::Severity severity = now_is->value_or(incident::Severity::kLow);
  std::optional<incident::Severity> told = *on_record;
  if (const auto known = severities_.find(incident.id); known != severities_.end()) {
    told = std::max(told.value_or(known->second), known->second);
  }
  const auto known = is_known(notice_id(NoticeKind::kIncidentOpened, incident::incident_object(incident.id)));
  if (!known) return known.error();
  Result<bool> opened = false;
  if (!*known || again) {
    const incident::Severity as = *known ? told.value_or(severity) : severity;
    opened = tell(notice_about(incident, NoticeKind::kIncidentOpened, as, tables()), again);
    if (!opened) return opened.error();
  }
  const bool said_so = *opened && !*known;
  if (!said_so && told && severity > *told) {
    const auto worse = tell(notice_about(incident, NoticeKind::kIncidentWorse, severity, tables()), again);
    if (!worse) return worse.error();
  }
  if (severities_.size() >= kSeveritiesMax) severities_.clear();  // what is on record is left
  severities_[incident.id] = severity;
  const auto responses = incident::list_responses(tables(), {.incident = incident.id}, {}, kOfIncidentMax);
  if (!responses) return responses.error();
  for (const incident::Response& each : *responses) {
    if (each.status != ResponseStatus::kProposed) continue;
    if (auto done = tell(notice_of_waiting(each, tables()), again); !done) return done.error();
  }
  if (auto done = look_at_playbooks(*responses, again); !done) return done;
  if (incident.acknowledged.value != 0) book_->acknowledge(incident.id);
  return {};
}

// Playbooks that say who is told when they do something.
Result<> NoticeDesk::look_at_playbooks(const std::vector<incident::Response>& responses, bool again) {
  for (const auto& [playbook, roles] : plan_->told_by) {
    std::vector<incident::Response> of_it;
    std::copy_if(responses.begin(), responses.end(), std::back_inserter(of_it), [&](const incident::Response& each) {
      return each.playbook == playbook && each.status != ResponseStatus::kRehearsed;
    });
    if (of_it.empty()) continue;
    if (auto done = tell(notice_of_playbook(of_it, tables()), again, roles); !done) return done.error();
  }
  return {};
}

Result<> NoticeDesk::look_at_clocks() {
  if (parts_.clock.steady() < next_clocks_ || !untold_.room()) return {};
  next_clocks_ = parts_.clock.steady() + kClocksEvery;
  const auto incidents = incident::incidents_with_clocks(tables(), kClocksMax);
  if (!incidents) return incidents.error();
  const std::int64_t near_ms = std::chrono::milliseconds(kDeadlineNear).count();
  for (const std::string& id : *incidents) {
    const auto incident = incident::find_incident(tables(), id);
    const auto clocks = incident::find_clocks(tables(), id);
    if (!incident) return incident.error();
    if (!clocks) return clocks.error();
    if (!*incident) continue;
    for (const incident::Deadline& each : incident::deadlines(*clocks, plan_->laws, now())) {
      if (!each.due) continue;
      const bool over = each.state == incident::ClockState::kOverdue;
      const bool is_near = each.state == incident::ClockState::kDue && each.due->value - now().value <= near_ms;
      if (!over && !is_near) continue;
      const NoticeKind kind = over ? NoticeKind::kDeadlineOver : NoticeKind::kDeadlineNear;
      if (auto done = tell(notice_of_deadline(**incident, kind, each, now()), false); !done) return done.error();
      if ((*incident)->acknowledged.value != 0) book_->acknowledge(id);
    }
  }
  return {};
}

Result<> NoticeDesk::escalate() {
  for (notify::Escalation& each : book_->escalate(lane_time(now()), now())) due_.push_back(std::move(each));
  while (!due_.empty() && untold_.room()) {
    const notify::Escalation& next = due_.front();
    const auto incident = incident::find_incident(tables(), next.notice.incident);
    if (!incident) return incident.error();
    const auto endpoints = not_told_yet(next.notice.id, next.endpoints, false);
    if (!endpoints) return endpoints.error();
    const bool silent = *incident && (*incident)->status == IncidentStatus::kOpen &&
                        (*incident)->acknowledged.value == 0 && !untold_.has(next.notice.id);
    if (silent && !endpoints->empty()) untold_.add(next.notice, *endpoints, now());
    due_.pop_front();
  }
  return {};
}

Result<bool> NoticeDesk::is_known(const std::string& notice) const {
  if (untold_.has(notice)) return true;
  const auto attempts = incident::attempts_of(tables(), notice);
  if (!attempts) return attempts.error();
  return !attempts->empty();
}

// Of the endpoints those of which it is not on record that they were told. `again`: also those that were not reached.
Result<std::vector<std::string>> NoticeDesk::not_told_yet(const std::string& notice, std::vector<std::string> endpoints,
                                                          bool again) const {
  const auto attempts = incident::attempts_of(tables(), notice);
  if (!attempts) return attempts.error();
  for (const incident::NoticeAttempt& each : *attempts) {
    const bool done = again ? each.outcome == to_string(notify::Outcome::kDelivered) : incident::is_final(each);
    if (done) std::erase(endpoints, each.endpoint);
  }
  return endpoints;
}

// Whether somebody is told now who was not before.
Result<bool> NoticeDesk::tell(notify::Notice notice, bool again, const std::vector<std::string>& roles) {
  if (untold_.has(notice.id)) return false;
  // The book is asked all the same: it waits for somebody to take the incident, also after a restart.
  std::vector<std::string> all = book_->tell(notice, lane_time(notice.time));
  for (std::string& each : book_->endpoints_of(roles)) {
    if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(std::move(each));
  }
  auto endpoints = not_told_yet(notice.id, std::move(all), again);
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) return false;
  untold_.add(std::move(notice), *endpoints, now());
  return true;
}

// ------------------------------------------------------------------------------------------------------- the notifier

void NoticeDesk::hear() {
  for (std::size_t n = 0; n < kMessagesAtOnce && to_record_.size() < kToRecordMax; ++n) {
    const auto message = parts_.link.receive();
    if (!message) return;
    const auto word = notify::read_word(*message);
    if (word) hear(*word);
    if (!word && understood_) {
      log::error("notices", "what the notifier says is passed over", {{"why", word.error().message()}});
    }
    understood_ = word.has_value();
  }
}

void NoticeDesk::hear(const notify::Word& word) {
  switch (word.kind) {
    case notify::Word::Kind::kReady:
      counts_.running = true;
      untold_.begin_again();
      return;
    case notify::Word::Kind::kGone:
      counts_.losses += std::exchange(counts_.running, false) ? 1 : 0;
      log::error("notices", "nobody is told: there is no notifier", {{"why", word.why}});
      return;
    case notify::Word::Kind::kAttempt:
      if (auto attempt = untold_.take(word)) to_record({*std::move(attempt)});
      return;
  }
}

void NoticeDesk::hand_over() {
  if (!counts_.running) return;
  for (std::size_t n = 0; n < kMessagesAtOnce && untold_.next() != nullptr; ++n) {
    const auto message = notify::write_order(untold_.order());
    if (message && !parts_.link.send(*message)) return;
    if (!message) log::error("notices", "a notice is too large to be told", {{"incident", untold_.next()->incident}});
    untold_.handed_over();
  }
}

// -------------------------------------------------------------------------------------------------------- the record

void NoticeDesk::to_record(std::vector<incident::NoticeAttempt> attempts) {
  for (incident::NoticeAttempt& each : attempts) {
    const auto outcome = std::find(gateway::kNoticeOutcomes.begin(), gateway::kNoticeOutcomes.end(), each.outcome);
    if (outcome != gateway::kNoticeOutcomes.end()) {
      ++counts_.attempts.at(static_cast<std::size_t>(outcome - gateway::kNoticeOutcomes.begin()));
    }
    to_record_.push_back(std::move(each));
  }
}

void NoticeDesk::record() {
  if (recording_ || to_record_.empty() || parts_.clock.steady() < next_try_) return;
  const incident::NoticeAttempt& next = to_record_.front();
  auto proposal =
      incident::propose_notice(next, parts_.engine.version_of(incident::notice_object(next.notice, next.endpoint)));
  if (!proposal) return recorded(proposal.error());
  proposal->actor.principal = identity::kServerActor;
  recording_ = true;
  parts_.engine.propose(*std::move(proposal), [this](const Result<state::Applied>& done) {
    recording_ = false;
    recorded(done);
  });
}

void NoticeDesk::recorded(const Result<state::Applied>& done) {
  if (!done) {
    const Errc code = done.error().code();
    if (code == Errc::kCancelled) return;
    next_try_ = parts_.clock.steady() + kRetry;
    if (is_for_later(code) || ++tries_ < kTriesMax) return;
    ++counts_.unrecorded;
    log::error("notices", "what became of a notice is not on record", {{"why", done.error().message()}});
  }
  tries_ = 0;
  untold_.recorded(to_record_.front());
  to_record_.pop_front();
}

void NoticeDesk::show() {
  counts_.waiting = untold_.waiting();
  const std::lock_guard lock(mutex_);
  shown_ = counts_;
}

gateway::NoticeGauges NoticeDesk::gauges() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

}  // namespace redoubt::app
