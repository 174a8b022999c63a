// A review's matter, from tables and ledger.
#include "incident/review.h"

#include <algorithm>

#include "encoding/base64.h"
#include "incident/exercise.h"
#include "incident/facts.h"
#include "incident/listing.h"
#include "record/fact_record.h"

namespace redoubt::incident {
namespace {

std::string_view member(const simdjson::dom::object& body, std::string_view name) {
  return encoding::string_member(body, name);
}

std::string action_words(const simdjson::dom::object& body) {
  return std::string(member(body, "effect")) + " of `" + std::string(member(body, "target")) + "`";
}

std::string responses_words(const simdjson::dom::object& body) {
  std::string out;
  simdjson::dom::array list;
  if (body["responses"].get(list) != simdjson::SUCCESS) return out;
  for (const auto each : list) {
    simdjson::dom::object response;
    if (each.get(response) != simdjson::SUCCESS) continue;
    out += "; " + std::string(member(response, "status")) + ": " + action_words(response) + " by playbook " +
           std::string(member(response, "playbook"));
  }
  return out;
}

std::string change_words(const simdjson::dom::object& body) {
  std::string out;
  for (const std::string_view name : {"status", "owner", "title"}) {
    if (body[name].error() != simdjson::SUCCESS) continue;
    out.append(out.empty() ? "" : ", ").append(name).append(" `").append(member(body, name)).append("`");
  }
  return out;
}

std::string words(const record::Fact& fact, const simdjson::dom::object& body) {
  const std::string_view kind = fact.kind;
  std::uint64_t count = 0;
  if (kind == kAlertRaise) {
    return std::string(member(body, "rule")) + ": " + std::string(member(body, "message")) + responses_words(body);
  }
  if (kind == kAlertGrow) {
    if (body["count"].get(count) != simdjson::SUCCESS) count = 0;
    return std::to_string(count) + " signals, " + std::string(member(body, "severity")) + responses_words(body);
  }
  if (kind == kIncidentChange) return change_words(body);
  if (kind == kIncidentNote) return "a note";
  if (kind == kIncidentMerge) return "merged into `" + std::string(member(body, "into")) + "`";
  if (kind == kIncidentClose) return "closed as `" + std::string(member(body, "cause")) + "`";
  if (kind == kResponseStart) return action_words(body) + ": " + std::string(member(body, "why"));
  if (kind == kResponseAccept) return "accepted";
  if (kind == kResponseEnd) return std::string(member(body, "why"));
  if (kind == kClockAware) return "aware: " + std::string(member(body, "why"));
  if (kind == kClockDecide) {
    return std::string(member(body, "regime")) + " notifiable: " + std::string(member(body, "notifiable")) + ", " +
           std::string(member(body, "why"));
  }
  if (kind == kClockTell) {
    return std::string(member(body, "regime")) + " " + std::string(member(body, "step")) + " told " +
           std::string(member(body, "reference"));
  }
  if (kind == kNoticeAttempt) {
    return std::string(member(body, "kind")) + " " + std::string(member(body, "outcome")) + " " +
           std::string(member(body, "why"));
  }
  return {};
}

void earliest(std::optional<UnixMillis>& at, UnixMillis moment) {
  if (moment.value != 0 && (!at || moment < *at)) at = moment;
}

// All of a list whose newest come first, the oldest first, as far as kReviewAlertsMax.
template <class T>
Result<std::vector<T>> oldest_first(Result<std::vector<T>> list, bool& cut) {
  if (!list) return list.error();
  if (list->size() > kReviewAlertsMax) {
    cut = true;
    list->resize(kReviewAlertsMax);
  }
  std::reverse(list->begin(), list->end());
  return list;
}

class Maker {
 public:
  Maker(state::Tables& tables, state::FactSource& source, const ReviewRequest& request)
      : tables_(tables), source_(source), request_(request) {}

  Result<Review> make() {
    auto found = find_incident(tables_, request_.incident);
    if (!found) return found.error();
    if (!*found) return Error(Errc::kNotFound, "there is no incident `" + request_.incident + "`");
    out_.incident = **std::move(found);
    if (out_.incident.status == IncidentStatus::kMerged) {
      return Error(Errc::kConflict, "the incident is merged into `" + out_.incident.merged_into + "`");
    }
    out_.made = request_.now;
    out_.laws = request_.laws.digest;
    for (const auto step : {&Maker::lists, &Maker::timeline, &Maker::earlier}) {
      if (auto done = (this->*step)(); !done) return done.error();
    }
    times();
    return std::move(out_);
  }

 private:
  Result<> lists() {
    const std::string& id = out_.incident.id;
    auto alerts = oldest_first(list_alerts(tables_, {.incident = id}, {}, kReviewAlertsMax + 1), out_.cut);
    if (!alerts) return alerts.error();
    out_.alerts = *std::move(alerts);
    auto responses = oldest_first(list_responses(tables_, {.incident = id}, {}, kReviewAlertsMax + 1), out_.cut);
    if (!responses) return responses.error();
    out_.responses = *std::move(responses);
    auto notes = oldest_first(list_notes(tables_, id, kNewest, kReviewAlertsMax + 1), out_.cut);
    if (!notes) return notes.error();
    out_.notes = *std::move(notes);
    auto clocks = find_clocks(tables_, id);
    if (!clocks) return clocks.error();
    out_.clocks = *std::move(clocks);
    auto notices = list_notices(tables_, id, kReviewAlertsMax);
    if (!notices) return notices.error();
    out_.notices = *std::move(notices);
    out_.exercise =
        std::any_of(out_.alerts.begin(), out_.alerts.end(), [](const Alert& alert) { return is_exercise(alert.tags); });
    out_.due = deadlines(out_.clocks, request_.laws, request_.now);
    return {};
  }

  Result<> timeline() {
    auto events = list_history(tables_, out_.incident.id, request_.order, {}, kReviewEventsMax + 1);
    if (!events) return events.error();
    if (events->size() > kReviewEventsMax) {
      out_.cut = true;
      events->resize(kReviewEventsMax);
    }
    for (HistoryEvent& event : *events) {
      auto entry = source_.read_one(event.index);
      if (!entry) return entry.error();
      ReviewEvent each{.event = std::move(event), .leaf_hash = {}, .what = {}};
      encoding::append_hex(each.leaf_hash, entry->leaf_hash);
      const auto fact = reader_.read(entry->record);
      if (!fact) return fact.error();
      if (*fact == nullptr || (*fact)->kind != each.event.kind) {
        return Error(Errc::kCorrupt, "entry " + std::to_string(each.event.index) + " is not the fact of the tables");
      }
      each.what = words(**fact, reader_.body());
      const bool said_contained = each.event.kind == kIncidentChange &&
                                  member(reader_.body(), "status") == to_string(IncidentStatus::kContained);
      if (said_contained) earliest(out_.contained, each.event.known);
      if (each.event.kind == kIncidentMerge) {
        out_.merged.push_back(each.event.object.substr(incident_object("").size()));
      }
      out_.timeline.push_back(std::move(each));
    }
    return {};
  }

  Result<> earlier() {
    std::vector<std::string> keys;
    for (const Alert& alert : out_.alerts) {
      if (std::find(keys.begin(), keys.end(), alert.key) == keys.end()) keys.push_back(alert.key);
    }
    const UnixMillis opened = out_.incident.opened;
    for (const std::string& key : keys) {
      // Of this key, the newest raised before the incident was opened.
      const auto found = list_alerts(tables_, {.key = key}, After{.time = opened, .id = {}}, kEarlierMax);
      if (!found) return found.error();
      for (const Alert& alert : *found) {
        const std::int64_t lead = opened.value - alert.raised.value;
        const bool own = alert.incident == out_.incident.id;
        if (lead > kEarlierMs || (!own && !alert.incident.empty()) || alert.tenant != out_.incident.tenant) continue;
        out_.earlier.push_back({.alert = alert, .lead_ms = lead, .of_incident = own});
      }
    }
    std::sort(out_.earlier.begin(), out_.earlier.end(),
              [](const EarlierAlert& a, const EarlierAlert& b) { return a.lead_ms > b.lead_ms; });
    if (out_.earlier.size() > kEarlierMax) out_.earlier.resize(kEarlierMax);
    return {};
  }

  void times() {
    for (const Alert& alert : out_.alerts) {
      earliest(out_.first, alert.first);
      earliest(out_.detected, alert.raised);
    }
    earliest(out_.acknowledged, out_.incident.acknowledged);
    for (const Response& each : out_.responses) {
      // What was accepted came into force later than it was decided: its end says when.
      const bool in_force = each.status == ResponseStatus::kActive ||
                            (each.status == ResponseStatus::kEnded && each.end_why != EndWhy::kRefused);
      if (!in_force) continue;
      const UnixMillis began{each.until.value - each.action.for_ms};
      earliest(out_.answered, began);
      if (stops(each.action.effect)) earliest(out_.stopped, began);
    }
  }

  state::Tables& tables_;
  state::FactSource& source_;
  const ReviewRequest& request_;
  record::FactReader reader_;
  Review out_;
};

}  // namespace

Result<Review> make_review(state::Tables& tables, state::FactSource& source, const ReviewRequest& request) {
  return Maker(tables, source, request).make();
}

}  // namespace redoubt::incident
