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
    auto items = list_timeline(tables_, out_.incident.id, request_.order, {}, kReviewItemsMax + 1);
    if (!items) return items.error();
    if (items->size() > kReviewItemsMax) {
      out_.cut = true;
      items->resize(kReviewItemsMax);
    }
    for (TimelineItem& item : *items) {
      auto entry = source_.read_one(item.place.index);
      if (!entry) return entry.error();
      ReviewItem each{.item = std::move(item), .leaf_hash = {}};
      encoding::append_hex(each.leaf_hash, entry->leaf_hash);
      const auto fact = reader_.read(entry->record);
      if (!fact) return fact.error();
      if (*fact == nullptr || (*fact)->time != each.item.discovered) {
        return Error(Errc::kCorrupt,
                     "entry " + std::to_string(each.item.place.index) + " is not the fact of the tables");
      }
      const bool said_contained =
          each.item.what == Happening::kIncidentChanged &&
          encoding::string_member(reader_.body(), "status") == to_string(IncidentStatus::kContained);
      if (said_contained) earliest(out_.contained, each.item.discovered);
      if (each.item.what == Happening::kIncidentMerged) {
        out_.merged.push_back(each.item.object.substr(incident_object("").size()));
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
      earliest(out_.answered, each.began());
      if (stops(each.action.effect)) earliest(out_.stopped, each.began());
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
