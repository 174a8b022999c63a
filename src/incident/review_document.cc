// A review in words and tables.
#include <algorithm>
#include <array>
#include <map>

#include "incident/facts.h"
#include "incident/review.h"

namespace redoubt::incident {
namespace {

std::string time_of(UnixMillis moment) {
  return moment.value == 0 ? "" : time_text(moment);
}

std::string time_of(const std::optional<UnixMillis>& moment) {
  return moment ? time_text(*moment) : "not on record";
}

// `3 d 4 h`, `12 min 5 s`, `850 ms`: the two largest units.
std::string span_of(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    std::string_view name;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1000, "s"}, {1, "ms"}}};
  if (ms < 0) return "before it";
  std::string out;
  int shown = 0;
  for (const Unit& unit : kUnits) {
    if (shown == 2) break;
    const std::int64_t count = ms / unit.ms;
    ms %= unit.ms;
    if (count == 0 && !out.empty()) break;
    if (count == 0) continue;
    out.append(out.empty() ? "" : " ").append(std::to_string(count)).append(" ").append(unit.name);
    ++shown;
  }
  return out.empty() ? "0 ms" : out;
}

std::string from_to(const std::optional<UnixMillis>& from, const std::optional<UnixMillis>& to) {
  return from && to ? span_of(to->value - from->value) : "";
}

std::string list_of(const std::vector<std::uint64_t>& numbers) {
  std::string out;
  for (const std::uint64_t each : numbers) out.append(out.empty() ? "" : ", ").append(std::to_string(each));
  return out;
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& each : texts) out.append(out.empty() ? "" : "; ").append(each);
  return out;
}

class Writer {
 public:
  explicit Writer(const Review& review) : review_(review) {
    for (const ReviewItem& each : review.timeline) {
      std::vector<std::uint64_t>& entries = entries_[each.item.object];
      const std::uint64_t index = each.item.place.index;
      if (entries.empty() || entries.back() != index) entries.push_back(index);
    }
  }

  Document write() {
    out_.title = "Review of incident " + review_.incident.id;
    heading(1, "Post-incident review: " + review_.incident.title);
    if (review_.exercise) {
      mark("EXERCISE. The incident was simulated; nothing was enforced on anybody.");
    }
    summary();
    times();
    alerts();
    reached();
    responses();
    clocks();
    notices();
    earlier();
    timeline();
    notes();
    how();
    return std::move(out_);
  }

 private:
  void heading(int level, std::string text) { out_.blocks.emplace_back(Document::Heading{level, std::move(text)}); }
  void say(std::string text) { out_.blocks.emplace_back(Document::Paragraph{std::move(text), false}); }
  void mark(std::string text) { out_.blocks.emplace_back(Document::Paragraph{std::move(text), true}); }
  void table(std::vector<std::string> head, std::vector<std::vector<std::string>> rows, std::string_view none) {
    if (rows.empty()) return say(std::string(none));
    out_.blocks.emplace_back(Document::Table{std::move(head), std::move(rows)});
  }
  std::string entries_of(const std::string& object) const {
    const auto found = entries_.find(object);
    return found == entries_.end() ? "" : list_of(found->second);
  }

  void summary() {
    const Incident& incident = review_.incident;
    Severity severity = Severity::kLow;
    for (const Alert& alert : review_.alerts) severity = std::max(severity, alert.severity);
    std::vector<std::vector<std::string>> rows = {
        {"Incident", incident.id},
        {"Tenant", incident.tenant},
        {"Status", std::string(to_string(incident.status))},
        {"Cause", std::string(to_string(incident.cause))},
        {"Owner", incident.owner.empty() ? "nobody" : incident.owner},
        {"Highest severity", std::string(behaviour::to_string(severity))},
        {"Opened", time_of(incident.opened)},
        {"Closed", incident.closed.value == 0 ? "not closed" : time_of(incident.closed)},
        {"This document", time_of(review_.made)},
    };
    if (!review_.merged.empty()) rows.push_back({"Incidents merged into it", list_of(review_.merged)});
    table({"What", "Value"}, std::move(rows), "");
    if (review_.cut) mark("There is more on record than this document takes: its beginning is shown.");
  }

  void times() {
    heading(2, "Times");
    const auto& from = review_.first;
    table({"Moment", "When", "After the first act"},
          {{"First act that a signal rests on", time_of(review_.first), ""},
           {"Detected: the first alert", time_of(review_.detected), from_to(from, review_.detected)},
           {"First response in force", time_of(review_.answered), from_to(from, review_.answered)},
           {"First response that stopped somebody", time_of(review_.stopped), from_to(from, review_.stopped)},
           {"Acknowledged", time_of(review_.acknowledged), from_to(from, review_.acknowledged)},
           {"Contained, as somebody said", time_of(review_.contained), from_to(from, review_.contained)}},
          "");
  }

  void alerts() {
    heading(2, "Alerts");
    std::vector<std::vector<std::string>> rows;
    for (const Alert& each : review_.alerts) {
      rows.push_back({each.rule, each.key, std::string(behaviour::to_string(each.severity)),
                      std::string(behaviour::to_string(each.attribution)), std::to_string(each.count),
                      time_of(each.first), time_of(each.raised), each.message, list_of(each.tags),
                      list_of(each.withheld), list_of(each.entries), entries_of(alert_object(each.id))});
    }
    table({"Rule", "About", "Severity", "Attribution", "Signals", "First act", "Known", "Message", "Tags",
           "Not done, and why", "Rests on entries", "Recorded in entries"},
          std::move(rows), "There are none.");
  }

  void reached() {
    heading(2, "What was reached");
    if (!review_.reached) return say("Nobody looked: this document was made without the records of requests.");
    std::vector<std::vector<std::string>> rows;
    for (const Reached& each : *review_.reached) {
      rows.push_back({each.who, each.how, each.what, std::to_string(each.count), std::to_string(each.denials),
                      std::to_string(each.bytes), time_of(each.first), time_of(each.last)});
    }
    table({"Who", "How", "What", "Times", "Refused", "Bytes", "First", "Last"}, std::move(rows),
          "No record from the first act to the end says that those whom it is about touched anything.");
  }

  void responses() {
    heading(2, "Responses");
    std::vector<std::vector<std::string>> rows;
    for (const Response& each : review_.responses) {
      std::string end(to_string(each.end_why));
      if (each.end_why == EndWhy::kNone) end = each.until.value == 0 ? "" : "until " + time_of(each.until);
      if (each.ended.value != 0) end += " " + time_of(each.ended) + " by " + each.ended_by;
      std::string entries = entries_of(response_object(each.id));
      if (!each.alert.empty()) {
        entries.append(entries.empty() ? "" : "; ").append("with its alert, ");
        entries.append(entries_of(alert_object(each.alert)));
      }
      rows.push_back({std::string(to_string(each.action.effect)), each.action.target.text(),
                      std::string(to_string(each.status)), time_of(each.started), end,
                      each.playbook.empty() ? "a person" : "playbook " + each.playbook, each.why, entries});
    }
    table({"Effect", "Target", "Status", "Decided", "End", "By", "Why", "Recorded in entries"}, std::move(rows),
          "There were none.");
  }

  void clocks() {
    heading(2, "Notifications to authorities and persons");
    const Clocks& clocks = review_.clocks;
    if (!clocks.awareness) return say("Nobody has said when one became aware of it, so no clock runs.");
    const Awareness& aware = *clocks.awareness;
    std::string said = "Aware since " + time_of(aware.time) + ", as " + aware.by + " said (entry " +
                       std::to_string(aware.index) + "): " + aware.why;
    if (aware.corrections > 0) {
      said += " It was first said to be " + time_of(aware.first) + ", and corrected " +
              std::to_string(aware.corrections) + " times.";
    }
    say(std::move(said));
    std::vector<std::vector<std::string>> decided;
    for (const Notifiability& each : clocks.decisions) {
      decided.push_back({each.regime, each.notifiable ? "yes" : "no", each.by, time_of(each.decided), each.why,
                         std::to_string(each.index), each.table == review_.laws ? "this one" : each.table});
    }
    table({"Regime", "Notifiable", "Decided by", "When", "Why", "Entry", "By the table of laws"}, std::move(decided),
          "Nobody has decided whether it is notifiable.");
    std::vector<std::vector<std::string>> rows;
    for (const Deadline& each : review_.due) {
      std::string due = each.due ? time_of(*each.due) : "without undue delay";
      if (each.provisional) due += " (provisional)";
      rows.push_back({each.regime, each.step, each.to, each.law + ", " + each.article, due,
                      std::string(to_string(each.state)), each.done ? time_of(*each.done) : ""});
    }
    table({"Regime", "Step", "To", "Source", "Before", "State", "Told"}, std::move(rows),
          "The table of laws has no regime for that time.");
    say("Table of laws: " + review_.laws);
  }

  void notices() {
    heading(2, "Who was told");
    std::vector<std::vector<std::string>> rows;
    for (const NoticeRow& each : review_.notices) {
      rows.push_back({each.last.kind, each.last.endpoint, time_of(each.first), each.last.outcome, time_of(each.time),
                      std::to_string(each.last.number), each.last.why,
                      entries_of(notice_object(each.last.notice, each.last.endpoint))});
    }
    table({"Notice", "Endpoint", "First tried", "Outcome", "When", "Attempts", "Why", "Recorded in entries"},
          std::move(rows), "No notice of it was sent.");
  }

  void earlier() {
    heading(2, "What would have caught it earlier");
    std::vector<std::vector<std::string>> rows;
    for (const EarlierAlert& each : review_.earlier) {
      const Alert& alert = each.alert;
      rows.push_back(
          {alert.rule, std::string(behaviour::to_string(alert.severity)), alert.key, time_of(alert.raised),
           span_of(each.lead_ms),
           each.of_incident ? "it became part of this incident later" : "it was not severe enough to open an incident",
           entries_of(alert_object(alert.id)).empty() ? std::to_string(alert.first_index)
                                                      : entries_of(alert_object(alert.id))});
    }
    if (!rows.empty()) {
      say("These rules had spoken about the same ones before the incident was opened. Had one of them opened it, for "
          "example by a higher severity, it would have been known by so much earlier.");
    }
    table({"Rule", "Severity", "About", "Known", "Earlier by", "Why it did not", "Entry"}, std::move(rows),
          "No rule had spoken about the same ones in the 30 days before.");
  }

  void timeline() {
    heading(2, "Timeline");
    std::vector<std::vector<std::string>> rows;
    for (const ReviewItem& each : review_.timeline) {
      const TimelineItem& item = each.item;
      rows.push_back({time_of(item.event), time_of(item.discovered), std::string(to_string(item.what)), item.object,
                      item.actor, item.text, std::to_string(item.place.index), each.leaf_hash});
    }
    table({"Happened", "Known", "What", "Object", "By", "In words", "Entry", "Leaf hash"}, std::move(rows),
          "There is nothing on record.");
  }

  void notes() {
    if (review_.notes.empty()) return;
    heading(2, "Notes");
    std::vector<std::vector<std::string>> rows;
    for (const Note& each : review_.notes) {
      rows.push_back({time_of(each.time), each.author, each.text.empty() ? "sealed or erased" : each.text,
                      std::to_string(each.index)});
    }
    table({"When", "By", "Text", "Entry"}, std::move(rows), "");
  }

  void how() {
    heading(2, "How to check this");
    say("Each line names entries of the system log. An entry's leaf hash and its index prove, with a checkpoint of the "
        "log, that it is there and unchanged. What a signal rests on are entries of the log of records.");
  }

  const Review& review_;
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> entries_;  // of facts, by object
  Document out_;
};

}  // namespace

Document document_of(const Review& review) {
  return Writer(review).write();
}

}  // namespace redoubt::incident
