#include "redoubt/response_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "identity/approvals.h"
#include "identity/tests/support/world.h"
#include "incident/listing.h"
#include "tests/support/temp_dir.h"

namespace redoubt::app {
namespace {

using incident::Effect;
using incident::ResponseStatus;

constexpr const char* kPlaybooks = R"(
playbook: stop
when: {severity: high}
do:
  - {effect: suspend, for: 1h}
)";

class SteppedClock final : public Clock {
 public:
  UnixMillis now() const override { return {}; }
  std::chrono::steady_clock::time_point steady() const override { return at; }
  std::chrono::steady_clock::time_point at{std::chrono::hours(1)};
};

class ResponseDeskTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    for (int caller = 0; caller < 30; ++caller) use_model("caller-" + std::to_string(caller));
    use_model("app");
  }
  // As after a start, over what the ledger has.
  void open() {
    engine_.reset();
    desk_.reset();
    feed_ = std::make_unique<SignalFeed>();
    identities_ = std::make_unique<identity::IdentityProjection>();
    approvals_ = std::make_unique<identity::ApprovalsProjection>();
    models_ = std::make_unique<admin::ModelsProjection>();
    incidents_ = std::make_unique<incident::IncidentProjection>();
    auto opened = state::Engine::open({.path = folder_ / ("state" + std::to_string(opened_++) + ".db")},
                                      {identities_.get(), approvals_.get(), models_.get(), incidents_.get()},
                                      world_.ledger, world_.ledger, publisher_);
    ASSERT_TRUE(opened) << opened.error().message();
    engine_ = *std::move(opened);
    desk_ = std::make_unique<ResponseDesk>(ResponseDesk::Parts{.io = io_,
                                                               .engine = *engine_,
                                                               .sink = world_.ledger,
                                                               .clock = clock_,
                                                               .identities = *identities_,
                                                               .models = *models_,
                                                               .incidents = *incidents_,
                                                               .feed = *feed_});
    use(kPlaybooks);
  }
  void use(const char* yaml) {
    auto playbooks = incident::read_playbooks("p.yaml", yaml);
    ASSERT_TRUE(playbooks) << playbooks.error().message();
    desk_->use(std::make_shared<const std::vector<incident::Playbook>>(*std::move(playbooks)));
  }
  void use_model(const std::string& principal) {
    behaviour::Activity activity;
    activity.time = world_.ledger.clock;
    activity.principal = principal;
    activity.model = "m";
    feed_->seen(activity, nullptr);
  }
  // Whatever can be done now.
  void run() {
    for (bool more = true; more;) {
      io_.restart();
      more = io_.poll() > 0 || world_.ledger.waiting() > 0;
      world_.ledger.deliver();
    }
  }
  behaviour::Signal signal(const std::string& key, const std::string& rule = "behaviour.denied_access") {
    const std::uint64_t index = ++next_index_;
    return {.rule = rule,
            .key = key,
            .index = index,
            .time = world_.ledger.clock,
            .severity = behaviour::Severity::kHigh,
            .score = 60,
            .confidence = 90,
            .tenant = {},
            .message = "much more than ever",
            .entries = {index},
            .tags = {}};
  }
  std::vector<incident::Alert> alerts() { return *incident::list_alerts(engine_->tables(), {}, {}, 1000); }
  std::vector<incident::Response> responses() { return *incident::list_responses(engine_->tables(), {}, {}, 1000); }

  testing_support::TempDir folder_;
  identity::test::World world_;
  state::test::FakePublisher publisher_;
  boost::asio::io_context io_;
  SteppedClock clock_;
  std::unique_ptr<SignalFeed> feed_;
  std::unique_ptr<identity::IdentityProjection> identities_;
  std::unique_ptr<identity::ApprovalsProjection> approvals_;
  std::unique_ptr<admin::ModelsProjection> models_;
  std::unique_ptr<incident::IncidentProjection> incidents_;
  std::unique_ptr<ResponseDesk> desk_;
  std::unique_ptr<state::Engine> engine_;
  std::uint64_t next_index_ = 100;
  int opened_ = 0;
};

TEST_F(ResponseDeskTest, ASignalIsAnsweredInTheNameOfThePlaybook) {
  feed_->give(signal("principal/app"));
  EXPECT_FALSE(feed_->on_record());
  run();
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].status, ResponseStatus::kActive) << responses()[0].why;
  EXPECT_EQ(incidents_->restrictions().of({.now = world_.ledger.clock, .principal = "app"}).stop, Effect::kSuspend);
  const std::string& fact = world_.ledger.record(*world_.ledger.size() - 1);
  EXPECT_NE(fact.find(R"("on_behalf_of":"playbook/stop@sha256:)"), std::string::npos) << fact;
  EXPECT_TRUE(feed_->on_record());
}

TEST_F(ResponseDeskTest, WhoIsNotThereAndWhoWouldUndoItIsNotTouched) {
  for (const char* key : {"principal/nobody", "principal/alice", "key/none", "network/unknown", "tool/never-used"}) {
    feed_->give(signal(key));
  }
  run();
  EXPECT_EQ(alerts().size(), 5u);
  EXPECT_EQ(responses().size(), 0u);
  for (const incident::Alert& alert : alerts()) EXPECT_EQ(alert.withheld.size(), 1u) << alert.key;
}

TEST_F(ResponseDeskTest, AKeyOfAnAdministratorIsTheirs) {
  feed_->give(signal("key/" + world_.keys.at("alice").id));
  feed_->give(signal("key/" + world_.keys.at("app").id));
  run();
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].action.target.text(), "key/" + world_.keys.at("app").id);
}

TEST_F(ResponseDeskTest, WhatWouldStopTooMuchWaitsForSomebody) {
  use(R"(
playbook: block
when: {severity: high}
do:
  - {effect: block, target: model/m, for: 1h}
)");
  feed_->give(signal("principal/app"));
  run();
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].status, ResponseStatus::kProposed);
}

TEST_F(ResponseDeskTest, WhileTheLedgerTakesNothingSignalsWaitAndNoneIsLost) {
  world_.ledger.fail_next = {Error(Errc::kResourceExhausted, "the ledger is full"), false};
  feed_->give(signal("principal/app"));
  feed_->give(signal("principal/caller-1"));
  run();
  EXPECT_EQ(alerts().size(), 0u);
  EXPECT_FALSE(feed_->on_record());
  clock_.at += std::chrono::seconds(2);
  desk_->tick();
  run();
  EXPECT_EQ(alerts().size(), 2u);
  EXPECT_TRUE(feed_->on_record());
}

TEST_F(ResponseDeskTest, WhatIsToldAgainAfterAStartDoublesNothing) {
  std::vector<behaviour::Signal> all;
  for (int i = 0; i < 12; ++i) all.push_back(signal(i % 3 == 0 ? "principal/app" : "principal/caller-1"));
  for (const behaviour::Signal& each : all) feed_->give(each);
  run();
  EXPECT_FALSE(feed_->on_record()) << "how often is not on record yet";
  open();
  for (const behaviour::Signal& each : all) feed_->give(each);
  run();
  std::thread watch([this] { EXPECT_TRUE(feed_->flush(std::chrono::seconds(10))); });
  while (!feed_->on_record()) run();
  watch.join();
  ASSERT_EQ(alerts().size(), 2u);
  EXPECT_EQ(alerts()[0].count + alerts()[1].count, 12u);
  EXPECT_EQ(responses().size(), 1u);
}

TEST_F(ResponseDeskTest, WhatIsLongOverIsAnAlertAndNoResponse) {
  behaviour::Signal old = signal("principal/app");
  old.time.value -= incident::kAnswerWithinMs + 1;
  feed_->give(old);
  run();
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].withheld, std::vector<std::string>{"stop suspend: it came more than an hour late"});
  EXPECT_EQ(responses().size(), 0u);
}

TEST_F(ResponseDeskTest, AFullQueueMakesTheWatchWait) {
  std::atomic<std::size_t> given{0};
  std::thread watch([&] {
    for (std::size_t i = 0; i < SignalFeed::kQueueMax + 10; ++i) {
      feed_->give(signal("principal/app"));
      ++given;
    }
  });
  while (given < SignalFeed::kQueueMax) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(given, SignalFeed::kQueueMax);
  while (given < SignalFeed::kQueueMax + 10) run();
  watch.join();
  run();
  EXPECT_EQ(alerts().size(), 1u);
}

TEST_F(ResponseDeskTest, NobodyWaitsForADeskThatHasStopped) {
  std::thread watch([&] {
    for (std::size_t i = 0; i < SignalFeed::kQueueMax + 10; ++i) feed_->give(signal("principal/app"));
    EXPECT_FALSE(feed_->flush(std::chrono::seconds(10)));
  });
  desk_->stop();
  watch.join();
  EXPECT_FALSE(feed_->on_record()) << "it is told again after the next start";
}

TEST_F(ResponseDeskTest, WhatSomebodyUndoesIsOverWithOneFactAndNotBegunAgain) {
  const behaviour::Signal first = signal("principal/app");
  feed_->give(first);
  run();
  ASSERT_EQ(responses().size(), 1u);
  auto undo = incident::propose_end(responses()[0], incident::EndWhy::kUndone);
  ASSERT_TRUE(undo);
  undo->actor = world_.actor("alice");
  const std::uint64_t before = *world_.ledger.size();
  engine_->propose(*std::move(undo),
                   [](const Result<state::Applied>& done) { EXPECT_TRUE(done) << done.error().message(); });
  run();
  EXPECT_EQ(*world_.ledger.size(), before + 1);
  const auto held = [&] { return incidents_->restrictions().of({.now = world_.ledger.clock, .principal = "app"}); };
  EXPECT_FALSE(held().any());
  feed_->give(signal("principal/app"));
  run();
  EXPECT_FALSE(held().any()) << "the playbook has answered this alert";
}

TEST_F(ResponseDeskTest, AnEndIsPutOnRecord) {
  feed_->give(signal("principal/app"));
  run();
  world_.ledger.clock.value += 3'600'000;
  desk_->tick();
  run();
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].end_why, incident::EndWhy::kExpired);
}

}  // namespace
}  // namespace redoubt::app
