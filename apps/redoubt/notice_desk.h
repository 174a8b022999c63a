// Where incidents become notices: what people outside are told, by notify.toml of the bundle in force, and what became
// of it, on record.
//
// What is to be told comes of the state, not of events: an incident that is open and of which nobody was told is told,
// whether it was opened just now or before a crash. So nothing is lost between a decision and its sending; it is told
// once, or again with the same id. Ends of attempts become facts (`incident.notice.attempt`), and what is on record as
// delivered is not told again.
//
//   ledger → state → NoticeDesk → NotifierLink → the notifier, a process of its own → people
//                        ↑                            │
//                        └──── what became of it ─────┘
//
// Nothing waits for it: it looks at the state when the thread has time, and neither requests nor responses know of it.
// Who takes an incident, or closes it, ends its escalation. When too much waits, it looks no further: it falls behind
// the state, and nothing is lost.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "gateway/notice_gauges.h"
#include "incident/incident_projection.h"
#include "incident/listing.h"
#include "incident/timeline.h"
#include "notify/contact_book.h"
#include "redoubt/notice_plan.h"
#include "redoubt/notifier_link.h"
#include "redoubt/untold_notices.h"
#include "state/engine.h"

namespace redoubt::app {

// The engine's thread, but for gauges().
class NoticeDesk {
 public:
  // From then on, or when this is left of a deadline, people are told that it is near.
  static constexpr std::chrono::hours kDeadlineNear{4};

  // All must outlive its last call; it must outlive the engine, which may answer while it ends.
  struct Parts {
    state::Engine& engine;
    state::FactSink& sink;  // tells the time
    const Clock& clock;
    NotifierLink& link;
  };
  explicit NoticeDesk(const Parts& parts) : parts_(parts) {}

  // From now on; not null. What is open is looked at anew when notify.toml is another than before.
  void use(std::shared_ptr<const NoticePlan> plan);
  // Does what there is to be done; often.
  void tick();
  // No further fact and no further message.
  void stop() { stopped_ = true; }

  // Any thread.
  gateway::NoticeGauges gauges() const;

 private:
  void hear();
  void hear(const notify::Word& word);
  void take_up();
  Result<> take_up(incident::IncidentStatus status);
  Result<> follow();
  Result<> look_at_some();
  Result<> look(const std::string& id, bool again);
  Result<> look_at_open(const incident::Incident& incident, bool again);
  Result<> look_at_playbooks(const std::vector<incident::Response>& responses, bool again);
  Result<> look_at_clocks();
  Result<> escalate();
  // Whether it was told, or is about to be.
  Result<bool> is_known(const std::string& notice) const;
  // `roles`: who is told whatever rules say.
  Result<bool> tell(notify::Notice notice, bool again, const std::vector<std::string>& roles = {});
  Result<std::vector<std::string>> not_told_yet(const std::string& notice, std::vector<std::string> endpoints,
                                                bool again) const;
  void hand_over();
  void to_record(std::vector<incident::NoticeAttempt> attempts);
  void record();
  void recorded(const Result<state::Applied>& done);
  void show();
  UnixMillis now() const { return parts_.sink.now(); }
  state::Tables& tables() const { return parts_.engine.tables(); }

  const Parts parts_;
  std::shared_ptr<const NoticePlan> plan_;
  std::optional<notify::ContactBook> book_;  // nobody is told without
  bool asked_ = true;                        // the launcher knows what is in force
  bool to_take_up_ = false;                  // what is open, before anything is followed
  UntoldNotices untold_;
  std::deque<notify::Escalation> due_;                // that nobody took in time
  std::optional<incident::ItemPlace> seen_;           // of the timeline, up to here
  std::optional<std::uint64_t> followed_;             // the last fact when all of it had been seen
  std::map<std::string, bool, std::less<>> to_look_;  // incidents; whether who was not reached is told again
  std::deque<std::string> lone_responses_;            // of no incident
  std::map<std::string, incident::Severity, std::less<>> severities_;  // as told, of incidents that are open
  std::chrono::steady_clock::time_point next_clocks_{};
  std::deque<incident::NoticeAttempt> to_record_;
  bool recording_ = false;  // the first of them
  unsigned tries_ = 0;      // of it
  std::chrono::steady_clock::time_point next_try_{};
  bool stopped_ = false;
  std::string told_;        // the last failure in the log
  bool understood_ = true;  // the last message

  gateway::NoticeGauges counts_;  // the engine's thread
  mutable std::mutex mutex_;      // guards shown_
  gateway::NoticeGauges shown_;
};

}  // namespace redoubt::app
