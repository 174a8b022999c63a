#include "redoubt/state_holds.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::app {
namespace {

using gateway::HoldAnswer;
using gateway::HoldWish;
using gateway::SeenHold;

constexpr std::int64_t kHourMs = 3'600'000;

// What a call was answered with, and how often.
template <class T>
struct Answers {
  std::vector<Result<T>> all;
  std::function<void(Result<T>)> take() {
    return [this](Result<T> result) { all.push_back(std::move(result)); };
  }
  std::string text() const {
    if (all.size() != 1) return std::to_string(all.size()) + " answers";
    return all[0] ? "done" : std::string(to_string(all[0].error().code())) + " " + all[0].error().message();
  }
};

class StateHoldsTest : public testing::Test {
 protected:
  StateHoldsTest() : desk_(io_, engine_, ledger_) {}

  void open() {
    auto opened = state::Engine::open({.path = folder_ / "state.db"}, {&holds_}, ledger_, ledger_, publisher_);
    ASSERT_TRUE(opened) << opened.error().message();
    engine_ = *std::move(opened);
  }
  // Until nothing is left to do.
  void run() {
    do {
      io_.restart();
      io_.run();
      ledger_.deliver();
    } while (io_.poll() > 0);
  }
  Answers<std::string> place(HoldWish wish = {.kind = "inspection.request",
                                              .subject = "abc",
                                              .reason = "personal: 2 credit_card",
                                              .principal = "svc-triage"}) {
    Answers<std::string> out;
    desk_.place(std::move(wish), out.take());
    run();
    return out;
  }
  Answers<SeenHold> look(const std::string& id) {
    Answers<SeenHold> out;
    desk_.look(id, out.take());
    run();
    return out;
  }
  std::string placed_id() {
    const auto placed = place();
    EXPECT_EQ(placed.text(), "done");
    return placed.text() == "done" ? *placed.all[0] : std::string();
  }
  void decide(const std::string& id, bool release) {
    const auto hold = admin::find_hold(engine_->tables(), id);
    ASSERT_TRUE(hold && *hold);
    auto proposal = admin::propose_hold_decision(**hold, release, "looked at it");
    ASSERT_TRUE(proposal);
    proposal->actor = {.principal = "carol"};
    std::optional<Result<state::Applied>> applied;
    engine_->propose(*std::move(proposal), [&](Result<state::Applied> done) { applied = std::move(done); });
    ledger_.deliver();
    ASSERT_TRUE(applied && *applied);
  }

  boost::asio::io_context io_;
  state::test::TemporaryFolder folder_;
  state::test::FakeLedger ledger_;
  state::test::FakePublisher publisher_;
  admin::HoldsProjection holds_;
  std::unique_ptr<state::Engine> engine_;
  StateHolds desk_;
};

TEST_F(StateHoldsTest, PlacesAHoldAsAFactOfThePrincipal) {
  open();
  const std::string id = placed_id();
  const auto hold = admin::find_hold(engine_->tables(), id);
  ASSERT_TRUE(hold && *hold);
  EXPECT_EQ((*hold)->kind, "inspection.request");
  EXPECT_EQ((*hold)->subject, "abc");
  EXPECT_EQ((*hold)->reason, "personal: 2 credit_card");
  EXPECT_EQ((*hold)->placed_by, "svc-triage");
  EXPECT_EQ((*hold)->placed, ledger_.clock);
}

TEST_F(StateHoldsTest, SeesWhatWasDecided) {
  open();
  const std::string released = placed_id();
  const std::string refused = placed_id();
  ASSERT_NE(released, refused);
  auto seen = look(released);
  ASSERT_EQ(seen.text(), "done");
  EXPECT_EQ(seen.all[0]->kind, "inspection.request");
  EXPECT_EQ(seen.all[0]->subject, "abc");
  EXPECT_EQ(seen.all[0]->answer, HoldAnswer::kWaiting);
  EXPECT_EQ(seen.all[0]->placed, ledger_.clock);

  ledger_.clock.value += 60'000;
  decide(released, true);
  decide(refused, false);
  seen = look(released);
  ASSERT_EQ(seen.text(), "done");
  EXPECT_EQ(seen.all[0]->answer, HoldAnswer::kReleased);
  EXPECT_EQ(seen.all[0]->decided, ledger_.clock);
  seen = look(refused);
  ASSERT_EQ(seen.text(), "done");
  EXPECT_EQ(seen.all[0]->answer, HoldAnswer::kRefused);
}

TEST_F(StateHoldsTest, KnowsNoHoldThatNobodyPlaced) {
  open();
  EXPECT_EQ(look("aaaaaaaaaaaaaaaa").text(), "not_found there is no such hold");
  EXPECT_EQ(look("' OR 1=1 --").text(), "not_found there is no such hold");
  EXPECT_EQ(look("").text(), "not_found there is no such hold");
}

TEST_F(StateHoldsTest, ForgetsAfterADayWhatWasNotRefused) {
  open();
  const std::string waiting = placed_id();
  const std::string released = placed_id();
  const std::string refused = placed_id();
  decide(released, true);
  decide(refused, false);
  ledger_.clock.value += 24 * kHourMs;
  for (const std::string& id : {waiting, released, refused}) EXPECT_EQ(look(id).text(), "done");
  ledger_.clock.value += 1;
  const std::string expired = "not_found the hold has expired: it was placed more than 24 hours ago";
  EXPECT_EQ(look(waiting).text(), expired);
  EXPECT_EQ(look(released).text(), expired);
  EXPECT_EQ(look(refused).text(), "done");
}

TEST_F(StateHoldsTest, RefusesAWishOfAnotherForm) {
  open();
  EXPECT_TRUE(place({.kind = "A", .subject = "s", .reason = "r", .principal = "p"}).text().starts_with("invalid_"));
  EXPECT_TRUE(place({.kind = "a", .subject = "", .reason = "r", .principal = "p"}).text().starts_with("invalid_"));
  EXPECT_TRUE(place({.kind = "a", .subject = "s", .reason = "a\nb", .principal = "p"}).text().starts_with("invalid_"));
}

TEST_F(StateHoldsTest, IsUnavailableUntilTheStateIsOpen) {
  EXPECT_EQ(place().text(), "unavailable the state is not up to date");
  EXPECT_EQ(look("aaaaaaaaaaaaaaaa").text(), "unavailable the state is not up to date");
}

TEST_F(StateHoldsTest, SaysSoWhenAHoldDidNotBecomeAFact) {
  open();
  ledger_.fail_next = state::test::FakeLedger::Failure{.error = Error(Errc::kResourceExhausted, "the ring is full")};
  EXPECT_EQ(place().text().substr(0, 18), "resource_exhausted");
}

TEST_F(StateHoldsTest, TakesABoundedNumberOfCalls) {
  open();
  Answers<SeenHold> answers;
  for (std::size_t i = 0; i < StateHolds::kMaxPending; ++i) desk_.look("a", answers.take());
  EXPECT_TRUE(answers.all.empty());
  Answers<std::string> refused;
  desk_.place({}, refused.take());
  EXPECT_EQ(refused.text(), "resource_exhausted too many holds are being placed and looked for");
  run();
  EXPECT_EQ(answers.all.size(), StateHolds::kMaxPending);
  EXPECT_EQ(look("a").text(), "not_found there is no such hold");
}

TEST_F(StateHoldsTest, AnswersEveryCallOnceWhenItStops) {
  open();
  Answers<std::string> on_its_way;
  desk_.place({.kind = "a", .subject = "s", .reason = "r", .principal = "p"}, on_its_way.take());
  io_.run();  // proposed, and not durable yet
  Answers<SeenHold> posted;
  desk_.look("a", posted.take());
  EXPECT_TRUE(on_its_way.all.empty());
  EXPECT_TRUE(posted.all.empty());

  desk_.stop();
  EXPECT_EQ(on_its_way.text(), "unavailable the administration has stopped");
  EXPECT_EQ(posted.text(), "unavailable the administration has stopped");
  run();  // what was under way ends, and nobody hears of it twice
  EXPECT_EQ(on_its_way.all.size(), 1U);
  EXPECT_EQ(posted.all.size(), 1U);
  EXPECT_EQ(place().text(), "unavailable the administration has stopped");
}

TEST_F(StateHoldsTest, AnswersWhatNoThreadEverServed) {
  Answers<SeenHold> answers;
  {
    StateHolds desk(io_, engine_, ledger_);
    desk.look("a", answers.take());
  }
  EXPECT_EQ(answers.text(), "unavailable the administration has stopped");
}

TEST_F(StateHoldsTest, IsAskedFromManyThreads) {
  open();
  constexpr int kThreads = 4;
  constexpr int kCalls = 100;
  std::vector<Answers<SeenHold>> answers(kThreads);  // taken on the desk's one thread
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < kCalls; ++call) {
        desk_.look("a", answers[static_cast<std::size_t>(i)].take());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  run();
  for (const auto& each : answers) EXPECT_EQ(each.all.size(), std::size_t{kCalls});
}

}  // namespace
}  // namespace redoubt::app
