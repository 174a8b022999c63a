#include "redoubt/behaviour_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "base/log.h"
#include "behaviour/simulation/simulation.h"
#include "ledger/tests/support.h"

namespace redoubt::app {
namespace {

using ledger::test::FaultFileSystem;

class BehaviourWatchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  void SetUp() override {
    ASSERT_TRUE(fs_.make_directory("/state"));
    open_ledger();
  }

  void open_ledger(std::uint8_t salt = 0) {
    salt_ = salt;
    ledger::LedgerOptions options = ledger::test::small_segments();
    options.single_thread_for_test = true;
    auto opened = ledger::Ledger::open(fs_, directory(), signer_, clock_, options);
    ASSERT_TRUE(opened) << opened.error().message();
    ledger_ = *std::move(opened);
  }
  std::string directory() const { return "/ledger" + std::to_string(salt_); }

  // Denials of one principal, a second apart: enough of them are a signal.
  void deny(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string exchange = "exchange-" + std::to_string(recorded_);
      const std::string model = "model-" + std::to_string(recorded_ % 4);
      const std::string record = behaviour::simulation::record_json(
          {.stage = record::Stage::kDenial,
           .time = {1'780'000'000'000 + static_cast<std::int64_t>(recorded_) * 1000 + salt_},
           .exchange = exchange,
           .principal = "mallory",
           .credential = "k-mallory",
           .operation = "chat.completions",
           .model = model,
           .reason = behaviour::Reason::kAuthorization});
      ASSERT_TRUE(
          ledger_->add({.kind = ledger::EntryKind::kStandalone, .exchange = ledger::test::exchange_id(recorded_)},
                       as_bytes(record), {}));
      ASSERT_TRUE(ledger_->commit());
      ++recorded_;
    }
  }

  BehaviourWatch::Settings settings() const {
    return {.reading = {.ledger_directory = directory(),
                        .folder = "/state/behaviour",
                        .bundles = "/state/bundles",
                        .max_nodes = 1024,
                        .max_edges = 4096},
            .idle = std::chrono::milliseconds(1),
            .retry = std::chrono::milliseconds(1)};
  }

  // Asks the thread, and waits for what it says.
  static Result<admin::SignalPage> page(BehaviourWatch& watch, const admin::SignalFilter& filter, std::uint64_t before,
                                        std::size_t limit) {
    std::promise<Result<admin::SignalPage>> promise;
    auto future = promise.get_future();
    watch.signals(filter, before, limit, [&](Result<admin::SignalPage> done) { promise.set_value(std::move(done)); });
    return future.get();
  }
  static std::vector<admin::NumberedSignal> signals(BehaviourWatch& watch, const admin::SignalFilter& filter,
                                                    std::uint64_t before, std::size_t limit) {
    auto found = page(watch, filter, before, limit);
    EXPECT_TRUE(found) << found.error().message();
    return found ? found->signals : std::vector<admin::NumberedSignal>();
  }
  static Result<std::string> ask(BehaviourWatch& watch, admin::MeshAsked asked) {
    std::promise<Result<std::string>> promise;
    auto future = promise.get_future();
    watch.ask(std::move(asked), [&](Result<std::string> done) { promise.set_value(std::move(done)); });
    return future.get();
  }

  // Until it has read everything; fails after some seconds.
  void catch_up(BehaviourWatch& watch) const {
    for (int i = 0; i < 10'000; ++i) {
      const admin::BehaviourProgress progress = watch.progress();
      if (progress.running && progress.entries == recorded_) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL() << watch.progress().why << ", " << watch.progress().entries << " of " << recorded_;
  }

  static std::string all(BehaviourWatch& watch) {
    std::string out;
    for (const admin::NumberedSignal& signal : signals(watch, {}, UINT64_MAX, 100'000)) {
      out += std::to_string(signal.number) + " ";
      behaviour::append_signal(out, signal.signal);
      out += '\n';
    }
    return out;
  }

  // What somebody says who reads the whole ledger at once.
  std::string from_the_start() {
    BehaviourWatch::Settings apart = settings();
    apart.reading.folder = "/state/apart" + std::to_string(folders_++);
    BehaviourWatch watch(fs_, system_, apart);
    watch.start();
    catch_up(watch);
    return all(watch);
  }

  void damage(const std::string& path, std::uint64_t offset) {
    auto file = fs_.open(path, OpenMode::kReadWrite);
    ASSERT_TRUE(file);
    std::array<std::byte, 1> byte{};
    ASSERT_TRUE((*file)->read_at(offset, byte));
    byte[0] ^= std::byte{1};
    ASSERT_TRUE((*file)->write_at(offset, byte));
  }

  FaultFileSystem fs_;
  ledger::test::FakeClock clock_;
  const SystemClock system_;
  tlog::NoteSigner signer_ = ledger::test::make_signer();
  std::unique_ptr<ledger::Ledger> ledger_;
  std::uint64_t recorded_ = 0;
  std::uint8_t salt_ = 0;
  int folders_ = 0;
};

TEST_F(BehaviourWatchTest, TellsWhatIsUnusualWhileItIsRecorded) {
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  deny(2);
  catch_up(watch);
  EXPECT_EQ(all(watch), "");
  deny(63);
  catch_up(watch);
  const auto told = signals(watch, {}, UINT64_MAX, 10);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().number, 0U);
  EXPECT_EQ(told.back().signal.key, "principal/mallory");
  EXPECT_EQ(told.back().signal.attribution, behaviour::Attribution::kProven);
  EXPECT_EQ(watch.progress().signals, told.front().number + 1);
  EXPECT_EQ(watch.progress().unread, 0U);
}

TEST_F(BehaviourWatchTest, GoesOnAfterAStopWithoutLosingOrRepeatingAny) {
  std::string told;
  for (int life = 0; life < 6; ++life) {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    deny(23);
    catch_up(watch);
    told = all(watch);
    watch.stop();
  }
  EXPECT_NE(told, "");
  EXPECT_EQ(told, from_the_start());
}

// The same, when nothing was kept at the end but what a snapshot said before.
TEST_F(BehaviourWatchTest, CutsBackWhatCameAfterItsSnapshot) {
  deny(40);
  {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
  }
  auto snapshot = read_file(fs_, "/state/behaviour/engine", 1 << 30);
  ASSERT_TRUE(snapshot);
  deny(60);
  {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
  }
  ASSERT_TRUE(write_file_atomically(fs_, "/state/behaviour/engine", *snapshot));
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  EXPECT_EQ(all(watch), from_the_start());
}

TEST_F(BehaviourWatchTest, ReadsAllAgainWhenItsSnapshotIsDamagedOrGone) {
  deny(80);
  std::string told;
  std::size_t size = 0;
  {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
    told = all(watch);
  }
  EXPECT_NE(told, "");
  size = read_file(fs_, "/state/behaviour/engine", 1 << 30)->size();
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{8}, std::uint64_t{20},
                                     std::uint64_t{50}, std::uint64_t{size / 2}, std::uint64_t{size - 1}}) {
    damage("/state/behaviour/engine", offset);
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
    EXPECT_EQ(all(watch), told) << offset;
  }
  ASSERT_TRUE(fs_.remove("/state/behaviour/signals/00000000000000000000.jsonl"));
  {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
    EXPECT_EQ(all(watch), told);
  }
  ASSERT_TRUE(fs_.remove("/state/behaviour/engine"));
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  EXPECT_EQ(all(watch), told);
}

TEST_F(BehaviourWatchTest, DoesNotTakeAnotherLedgersSnapshot) {
  deny(80);
  {
    BehaviourWatch watch(fs_, system_, settings());
    watch.start();
    catch_up(watch);
    EXPECT_NE(all(watch), "");
  }
  recorded_ = 0;
  open_ledger(1);
  deny(80);
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  EXPECT_EQ(all(watch), from_the_start());
}

TEST_F(BehaviourWatchTest, SaysWhyItDoesNotReadAndTriesAgain) {
  deny(60);
  fs_.inject({.effect = FaultFileSystem::Effect::kFail,
              .operation = FaultFileSystem::Operation::kWrite,
              .path_part = "signals/0"});
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  EXPECT_TRUE(fs_.struck());
  EXPECT_EQ(all(watch), from_the_start());
  EXPECT_EQ(watch.progress().why, "");

  BehaviourWatch::Settings nowhere = settings();
  nowhere.reading.ledger_directory = "/nowhere";
  nowhere.reading.folder = "/state/nowhere";
  BehaviourWatch lost(fs_, system_, nowhere);
  lost.start();
  for (int i = 0; i < 10'000 && lost.progress().why.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(lost.progress().running);
  EXPECT_NE(lost.progress().why, "");
}

TEST_F(BehaviourWatchTest, FindsSignalsByRuleKeySeverityAndNumber) {
  deny(120);
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  const auto everything = signals(watch, {}, UINT64_MAX, 100);
  ASSERT_GE(everything.size(), 1U);
  const std::string rule = everything.back().signal.rule;
  for (const auto& found : signals(watch, {.rule = rule}, UINT64_MAX, 100)) EXPECT_EQ(found.signal.rule, rule);
  EXPECT_TRUE(signals(watch, {.rule = "none"}, UINT64_MAX, 100).empty());
  EXPECT_TRUE(signals(watch, {.key = "principal/alice"}, UINT64_MAX, 100).empty());
  // A correlation's key is its group.
  const auto own = std::count_if(everything.begin(), everything.end(),
                                 [](const auto& one) { return one.signal.key == "principal/mallory"; });
  EXPECT_GE(own, 1);
  EXPECT_EQ(std::ssize(signals(watch, {.key = "principal/mallory"}, UINT64_MAX, 100)), own);
  EXPECT_EQ(signals(watch, {}, UINT64_MAX, 1).size(), 1U);
  EXPECT_EQ(signals(watch, {}, everything.front().number, 100).size(), everything.size() - 1);
  EXPECT_TRUE(signals(watch, {}, 0, 100).empty());
  for (const auto& found : signals(watch, {.least = behaviour::Severity::kCritical}, UINT64_MAX, 100)) {
    EXPECT_EQ(found.signal.severity, behaviour::Severity::kCritical);
  }
}

// The same, with signals in many small segments, of which the old ones go.
TEST_F(BehaviourWatchTest, GoesOnOverSegmentsOfSignals) {
  BehaviourWatch::Settings small = settings();
  small.reading.signals = {.segment_bytes = 1, .segments = 2};
  for (int life = 0; life < 3; ++life) {
    BehaviourWatch watch(fs_, system_, small);
    watch.start();
    deny(70);
    catch_up(watch);
    watch.stop();
    EXPECT_LE(fs_.list("/state/behaviour/signals")->size(), 2U);
  }
  BehaviourWatch watch(fs_, system_, small);
  watch.start();
  catch_up(watch);
  const std::string left = all(watch);
  EXPECT_NE(left, "");
  const std::string whole = from_the_start();
  EXPECT_GT(whole.size(), left.size());
  EXPECT_TRUE(whole.starts_with(left));  // the newest are first
}

TEST_F(BehaviourWatchTest, AnswersQuestionsAboutTheMesh) {
  deny(30);
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  catch_up(watch);
  const auto node = ask(watch, {.query = {.question = behaviour::MeshQuestion::kNode, .node = "principal:mallory"}});
  ASSERT_TRUE(node) << node.error().message();
  EXPECT_NE(node->find(R"("reason":"denied")"), std::string::npos) << *node;
  const auto none = ask(watch, {.query = {.question = behaviour::MeshQuestion::kNode, .node = "principal:nobody"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::kNotFound);
  const auto policies = ask(
      watch, {.query = {.question = behaviour::MeshQuestion::kReach, .node = "principal:mallory"}, .policies = true});
  ASSERT_FALSE(policies);
  EXPECT_EQ(policies.error().code(), Errc::kUnavailable);
  EXPECT_GT(watch.progress().mesh_nodes, 4U);
  EXPECT_GT(watch.progress().rules, 100U);
  EXPECT_EQ(watch.gauges().entries, 30U);
  watch.stop();
  const auto late = ask(watch, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Errc::kUnavailable);
}

// What a server of then would have said, signals' part in risk included.
TEST_F(BehaviourWatchTest, AnswersOfAMomentPastAsItDidThen) {
  using behaviour::MeshQuestion;
  const admin::MeshAsked node{.query = {.question = MeshQuestion::kNode, .node = "principal:mallory"}};
  BehaviourWatch watch(fs_, system_, settings());
  watch.start();
  deny(60);
  catch_up(watch);
  const auto then = ask(watch, node);
  ASSERT_TRUE(then) << then.error().message();
  EXPECT_NE(then->find("behaviour."), std::string::npos) << *then;
  clock_.wall_ms += 3'600'000;
  const UnixMillis moment = clock_.now();
  deny(60);
  catch_up(watch);
  const auto now = ask(watch, node);
  ASSERT_TRUE(now);
  EXPECT_NE(*now, *then);
  for (int again = 0; again < 2; ++again) {
    const auto past = ask(watch, {.query = node.query, .at = moment});
    ASSERT_TRUE(past) << past.error().message();
    EXPECT_EQ(*past, *then);
  }
  const auto grown = ask(watch, {.query = {.question = MeshQuestion::kChanges}, .against = moment});
  ASSERT_TRUE(grown) << grown.error().message();
  EXPECT_NE(grown->find(R"("what":"grown_edge")"), std::string::npos) << *grown;

  const auto error = [&](UnixMillis at) {
    const auto answer = ask(watch, {.at = at});
    EXPECT_FALSE(answer);
    return answer ? Errc::kCancelled : answer.error().code();
  };
  EXPECT_EQ(error({1}), Errc::kNotFound);
  EXPECT_EQ(error({system_.now().value + 3'600'000}), Errc::kInvalidArgument);
  watch.stop();
  EXPECT_EQ(error(moment), Errc::kUnavailable);
}

TEST_F(BehaviourWatchTest, RefusesQuestionsWhenTooManyWait) {
  BehaviourWatch watch(fs_, system_, settings());  // not started: nobody answers
  int refused = 0;
  for (std::size_t i = 0; i < BehaviourWatch::kQuestionsMax + 3; ++i) {
    watch.ask({}, [&](const Result<std::string>& done) { refused += done ? 0 : 1; });
  }
  EXPECT_EQ(refused, 3);
  watch.stop();
  EXPECT_EQ(refused, static_cast<int>(BehaviourWatch::kQuestionsMax) + 3);
}

// Killed at any write, and started again: no signal is lost, none comes twice.
TEST_F(BehaviourWatchTest, LosesAndRepeatsNothingWhereverItIsKilled) {
  BehaviourWatch::Settings small = settings();
  small.reading.signals = {.segment_bytes = 700};
  small.save_interval = std::chrono::milliseconds(1);
  for (int round = 0; round < 6; ++round) {
    fs_.inject({.effect = FaultFileSystem::Effect::kFail,
                .operation = round % 2 == 0 ? FaultFileSystem::Operation::kWrite : FaultFileSystem::Operation::kSync,
                .path_part = "behaviour/"});
    BehaviourWatch watch(fs_, system_, small);
    watch.start();
    deny(25);
    catch_up(watch);
    watch.stop();
  }
  BehaviourWatch watch(fs_, system_, small);
  watch.start();
  catch_up(watch);
  EXPECT_EQ(all(watch), from_the_start());
}

}  // namespace
}  // namespace redoubt::app
