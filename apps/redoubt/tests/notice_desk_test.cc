#include "redoubt/notice_desk.h"

#include <gtest/gtest.h>

#include <set>

#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/listing.h"
#include "incident/tests/incident_fixture.h"

namespace redoubt::app {
namespace {

using incident::Severity;
using notify::NoticeKind;
using notify::Outcome;
using notify::Word;

constexpr const char* kSettings = R"(
[[endpoint]]
name = "chat"
type = "slack"
secret_file = "s"
[[endpoint]]
name = "chief"
type = "pagerduty"
secret_file = "p"
[[contact]]
role = "soc"
endpoints = ["chat"]
[[contact]]
role = "ciso"
endpoints = ["chief"]
[[rule]]
roles = ["soc"]
severity = "high"
escalate_after = "15m"
escalate_to = ["ciso"]
[[rule]]
roles = ["ciso"]
severity = "critical"
)";
constexpr const char* kStop =
    "playbook: stop\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h, approval: true}]\n";

class SteppedClock final : public Clock {
 public:
  UnixMillis now() const override { return {}; }
  std::chrono::steady_clock::time_point steady() const override { return at; }
  std::chrono::steady_clock::time_point at{std::chrono::hours(1)};
};

// A notifier that takes orders, and says what the test wants.
class FakeLink final : public NotifierLink {
 public:
  bool send(std::string_view message) override {
    if (full) return false;
    auto order = notify::read_order(message);
    EXPECT_TRUE(order) << order.error().message();
    if (order) orders.push_back(*std::move(order));
    return true;
  }
  std::optional<std::string> receive() override {
    if (words.empty()) return std::nullopt;
    std::string out = std::move(words.front());
    words.pop_front();
    return out;
  }
  bool want(std::string_view digest) override {
    wanted.emplace_back(digest);
    return true;
  }

  bool full = false;
  std::vector<notify::Order> orders;
  std::deque<std::string> words;
  std::vector<std::string> wanted;
};

class NoticeDeskTest : public incident::test::IncidentTest {
 protected:
  void SetUp() override {
    playbooks_text = "";
    IncidentTest::SetUp();
    start();
  }
  // As after a start of the server, and of a notifier.
  void start() {
    desk.reset();
    open();
    link = std::make_unique<FakeLink>();
    desk.emplace(NoticeDesk::Parts{.engine = *engine, .sink = ledger, .clock = clock, .link = *link});
    desk->use(in_use);
    say({.kind = Word::Kind::kReady});
    run();
  }
  static std::shared_ptr<const NoticePlan> plan(const char* toml, const std::string& digest = "d1",
                                                decltype(NoticePlan::told_by) told_by = {}) {
    NoticePlan out;
    out.told_by = std::move(told_by);
    out.digest = digest;
    if (toml != nullptr) out.settings = *notify::parse_notify_settings(toml, "notify.toml");
    out.laws = *incident::read_regimes("regimes.yaml", incident::shipped_regimes());
    return std::make_shared<const NoticePlan>(std::move(out));
  }
  void say(const Word& word) { link->words.push_back(notify::write_word(word)); }
  // Whatever can be done now.
  void run() {
    for (int i = 0; i < 30; ++i) {
      desk->tick();
      ledger.deliver();
      clock.at += std::chrono::milliseconds(50);
    }
  }
  void later(std::int64_t minutes) {
    ledger.clock.value += minutes * incident::test::kMinute;
    clock.at += std::chrono::minutes(minutes);
    run();
  }
  behaviour::Signal worth(Severity severity, const std::string& key = "principal/a") {
    behaviour::Signal out = signal("behaviour.denied_access", key);
    out.time = std::max(out.time, ledger.clock);
    out.severity = severity;
    return out;
  }
  void give_and_run(const behaviour::Signal& signal) {
    ASSERT_TRUE(give(signal));
    run();
  }
  // What was ordered since the last call: `incident_opened high chat`.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const notify::Order& each : link->orders) {
      for (const std::string& endpoint : each.endpoints) {
        std::string text(to_string(each.notice.kind));
        out.push_back(text.append(" ").append(to_string(each.notice.severity)).append(" ").append(endpoint));
        ids.insert(each.notice.id);
      }
      last_id = each.notice.id;
    }
    link->orders.clear();
    return out;
  }
  void answer(const std::string& endpoint, Outcome outcome, unsigned number = 1) {
    say({.kind = Word::Kind::kAttempt,
         .notice = last_id,
         .endpoint = endpoint,
         .number = number,
         .outcome = outcome,
         .why = outcome == Outcome::kDelivered ? "" : "it answers 503"});
    run();
  }
  incident::Incident the() { return incidents().front(); }
  std::vector<incident::NoticeRow> on_record() { return *incident::list_notices(engine->tables(), the().id, 100); }

  using Told = std::vector<std::string>;
  SteppedClock clock;
  std::shared_ptr<const NoticePlan> in_use = plan(kSettings);
  std::unique_ptr<FakeLink> link;
  std::optional<NoticeDesk> desk;
  std::string last_id;
  std::set<std::string> ids;
};

TEST_F(NoticeDeskTest, AnIncidentIsToldAndWhatBecameOfItIsOnRecord) {
  EXPECT_EQ(link->wanted, std::vector<std::string>{"d1"});
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), Told{"incident_opened high chat"});
  EXPECT_TRUE(on_record().empty());
  answer("chat", Outcome::kDelayed, 1);
  ASSERT_EQ(on_record().size(), 1u);
  EXPECT_EQ(on_record()[0].last.outcome, "delayed");
  answer("chat", Outcome::kDelivered, 2);
  EXPECT_EQ(on_record()[0].last.outcome, "delivered");
  EXPECT_EQ(on_record()[0].last.number, 2u);
  EXPECT_EQ(on_record()[0].last.severity, Severity::kHigh);
  run();
  EXPECT_EQ(told(), Told{}) << "once";
  EXPECT_EQ(desk->gauges().waiting, 0u);
  EXPECT_EQ(desk->gauges().attempts[0], 1u);
  EXPECT_EQ(desk->gauges().attempts[1], 1u);
  const auto items = *incident::list_timeline(engine->tables(), the().id, incident::TimelineOrder::kDiscovery, {}, 100);
  EXPECT_EQ(items.back().what, incident::Happening::kNoticeAttempted);
  EXPECT_EQ(items.back().actor, "redoubt");
}

TEST_F(NoticeDeskTest, WhatIsNotWorthIsNotTold) {
  give_and_run(worth(Severity::kLow));
  give_and_run(worth(Severity::kMedium, "principal/b"));
  EXPECT_EQ(told(), Told{});
}

TEST_F(NoticeDeskTest, AnIncidentThatGetsWorseIsToldToThemAndToFurtherOnes) {
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), Told{"incident_opened high chat"});
  answer("chat", Outcome::kDelivered);
  give_and_run(worth(Severity::kCritical));
  EXPECT_EQ(told(), (Told{"incident_worse critical chat", "incident_worse critical chief"}));
  EXPECT_EQ(ids.size(), 2u);
}

TEST_F(NoticeDeskTest, SilenceIsEscalatedOnce) {
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), Told{"incident_opened high chat"});
  answer("chat", Outcome::kDelivered);
  later(14);
  EXPECT_EQ(told(), Told{});
  later(1);
  EXPECT_EQ(told(), Told{"unacknowledged high chief"});
  answer("chief", Outcome::kDelivered);
  later(60);
  EXPECT_EQ(told(), Told{});
}

TEST_F(NoticeDeskTest, WhoTakesItEndsTheEscalation) {
  give_and_run(worth(Severity::kHigh));
  told();
  ASSERT_TRUE(change(propose_change(the(), {.owner = "alice"})));
  later(60);
  EXPECT_EQ(told(), Told{});
}

TEST_F(NoticeDeskTest, TheEndIsToldToWhoWasToldTheBeginning) {
  give_and_run(worth(Severity::kHigh));
  told();
  answer("chat", Outcome::kDelivered);
  ASSERT_TRUE(change(propose_close(the(), incident::Cause::kBenign)));
  run();
  EXPECT_EQ(told(), Told{"incident_closed high chat"});
  give_and_run(worth(Severity::kMedium, "principal/b"));
  ASSERT_TRUE(change(propose_close(the(), incident::Cause::kBenign)));
  run();
  EXPECT_EQ(told(), Told{});
}

TEST_F(NoticeDeskTest, AResponseThatWaitsIsTold) {
  use(kStop);
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), (Told{"incident_opened high chat", "response_waits high chat"}));
}

TEST_F(NoticeDeskTest, APlaybookHasItsOwnTold) {
  use("playbook: stop\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h}]\nnotify: [ciso]\n");
  in_use = plan(kSettings, "d1", {{"stop", {"ciso"}}});
  desk->use(in_use);
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), (Told{"incident_opened high chat", "playbook_acted high chat", "playbook_acted high chief"}));
  answer("chief", Outcome::kDelivered);
  later(1);
  EXPECT_EQ(told(), Told{});
  start();
  EXPECT_EQ(told(), (Told{"incident_opened high chat", "playbook_acted high chat"})) << "who was not reached";
}

TEST_F(NoticeDeskTest, APlaybookThatIsRehearsedHasNobodyTold) {
  use("playbook: stop\nmode: rehearse\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h}]\nnotify: [ciso]\n");
  in_use = plan(kSettings, "d1", {{"stop", {"ciso"}}});
  desk->use(in_use);
  give_and_run(worth(Severity::kHigh));
  EXPECT_EQ(told(), Told{"incident_opened high chat"});
}

TEST_F(NoticeDeskTest, AnotherNotifierIsToldWhatIsNotOnRecordWithTheSameId) {
  give_and_run(worth(Severity::kHigh));
  give_and_run(worth(Severity::kHigh, "principal/b"));
  EXPECT_EQ(told().size(), 2u);
  answer("chat", Outcome::kDelivered);  // the second
  say({.kind = Word::Kind::kGone, .why = "it ended with signal 9"});
  run();
  EXPECT_FALSE(desk->gauges().running);
  EXPECT_EQ(desk->gauges().losses, 1u);
  EXPECT_EQ(told(), Told{}) << "nobody is there";
  say({.kind = Word::Kind::kReady});
  run();
  EXPECT_EQ(told(), Told{"incident_opened high chat"});
  EXPECT_EQ(ids.size(), 2u) << "the id is the one of before";
}

TEST_F(NoticeDeskTest, AfterAStartWhoWasNotReachedIsToldAndWaitingGoesOn) {
  give_and_run(worth(Severity::kHigh));
  told();
  answer("chat", Outcome::kDelivered);
  give_and_run(worth(Severity::kHigh, "principal/b"));
  told();
  answer("chat", Outcome::kGivenUp);
  give_and_run(worth(Severity::kHigh, "principal/c"));
  told();  // and the server is killed
  later(10);
  start();
  EXPECT_EQ(told(), (Told{"incident_opened high chat", "incident_opened high chat"})) << "but not who has been told";
  EXPECT_EQ(ids.size(), 3u) << "the ids are those of before";
  later(5);
  EXPECT_EQ(told().size(), 3u) << "a quarter of an hour after they were opened";
}

TEST_F(NoticeDeskTest, WhatGotWorseBeforeAStartIsToldAfterIt) {
  give_and_run(worth(Severity::kHigh));
  told();
  answer("chat", Outcome::kDelivered);
  link->full = true;  // nothing gets out any more
  give_and_run(worth(Severity::kCritical));
  start();
  EXPECT_EQ(told(), (Told{"incident_worse critical chat", "incident_worse critical chief"}));
}

TEST_F(NoticeDeskTest, WhileTheLedgerTakesNothingItWaits) {
  give_and_run(worth(Severity::kHigh));
  told();
  ledger.fail_next = {Error(Errc::kResourceExhausted, "the ledger is full"), false};
  answer("chat", Outcome::kDelivered);
  later(1);
  ASSERT_EQ(on_record().size(), 1u);
  EXPECT_EQ(on_record()[0].last.outcome, "delivered");
  EXPECT_EQ(desk->gauges().unrecorded, 0u);
}

TEST_F(NoticeDeskTest, ANotifierThatSaysNothingOrNonsenseIsNotBelieved) {
  give_and_run(worth(Severity::kHigh));
  told();
  link->words.emplace_back("{}");
  link->words.emplace_back(std::string(100'000, '['));
  say({.kind = Word::Kind::kAttempt, .notice = "00000000000000ff", .endpoint = "chat", .number = 1});
  say({.kind = Word::Kind::kAttempt, .notice = last_id, .endpoint = "chief", .number = 1});
  run();
  EXPECT_TRUE(on_record().empty());
  later(71);
  ASSERT_FALSE(on_record().empty());
  EXPECT_EQ(on_record()[0].last.outcome, "given_up");
  EXPECT_EQ(on_record()[0].last.why, "nobody said in time what became of it");
}

TEST_F(NoticeDeskTest, WithoutSettingsNobodyIsToldAndThatIsOnRecord) {
  give_and_run(worth(Severity::kHigh));
  told();
  desk->use(plan(nullptr, ""));
  run();
  EXPECT_EQ(link->wanted, (std::vector<std::string>{"d1", ""}));
  ASSERT_EQ(on_record().size(), 1u);
  EXPECT_EQ(on_record()[0].last.outcome, "given_up");
  EXPECT_FALSE(desk->gauges().configured);
  give_and_run(worth(Severity::kHigh, "principal/b"));
  EXPECT_EQ(told(), Told{});
  // Whoever is configured then is told what is open.
  desk->use(plan(kSettings, "d2"));
  say({.kind = Word::Kind::kReady});
  run();
  EXPECT_EQ(told(), (Told{"incident_opened high chat", "incident_opened high chat"}));
}

TEST_F(NoticeDeskTest, DeadlinesAreToldWhenTheyAreNearAndOver) {
  give_and_run(worth(Severity::kHigh));
  told();
  const std::string id = the().id;
  ASSERT_TRUE(change(propose_change(the(), {.owner = "alice"})));
  ASSERT_TRUE(change(incident::propose_aware(id, {.time = now(), .why = "the ward called"},
                                             engine->version_of(incident::clock_object(id)))));
  ASSERT_TRUE(change(incident::propose_decide(
      id, {.regime = "gdpr", .notifiable = true, .why = "patients", .table = std::string(64, '0')},
      engine->version_of(incident::clock_object(id)))));
  later(1);
  EXPECT_EQ(told(), Told{});
  later(72L * 60 - 3 * 60);
  EXPECT_EQ(told(), Told{"deadline_near high chat"});
  later(5L * 60);
  EXPECT_EQ(told(), (Told{"deadline_over critical chat", "deadline_over critical chief"}));
}

}  // namespace
}  // namespace redoubt::app
