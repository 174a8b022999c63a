// Evidence that gateways ask the keeper for: one at a time, beside the commits.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "ledger/attesting_thread.h"
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

// Attests when the test says so: from another thread than the keeper's.
class FakeAttester final : public Attester {
 public:
  explicit FakeAttester(const UniqueFd& keeper_wake) : keeper_wake_(keeper_wake) {}

  void begin(ByteView statement) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(under_way_) << "one at a time";
    under_way_ = std::string(as_chars(statement));
    begun_.push_back(*under_way_);
    changed_.notify_all();
    if (at_once) finish_locked(answer_to(*under_way_));
  }
  void begin_measuring(const Activation&) override { finish(Bytes()); }
  std::optional<Result<Bytes>> take() override {
    const std::lock_guard lock(mutex_);
    if (!made_) return std::nullopt;
    under_way_.reset();
    return std::exchange(made_, std::nullopt);
  }

  static Result<Bytes> answer_to(const std::string& statement) {
    return to_bytes(as_bytes("evidence of " + statement));
  }
  void await_begun(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return begun_.size() >= count; }));
  }
  void finish(Result<Bytes> made) {
    const std::lock_guard lock(mutex_);
    finish_locked(std::move(made));
  }
  std::vector<std::string> begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

  std::atomic<bool> at_once = false;

 private:
  void finish_locked(Result<Bytes> made) {
    made_ = std::move(made);
    signal_fd(keeper_wake_);
  }

  const UniqueFd& keeper_wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> under_way_;
  std::optional<Result<Bytes>> made_;
  std::vector<std::string> begun_;
};

class KeeperEvidence : public KeeperTest {
 protected:
  KeeperEvidence() { options_.attester = &attester_; }
  ~KeeperEvidence() override { [[maybe_unused]] const auto ended = stop(); }
  FakeAttester attester_{wake_};
};

TEST_F(KeeperEvidence, IsMadeForWhoeverAsks) {
  attester_.at_once = true;
  Core& core = start();
  EXPECT_EQ(*attest(core, "one"), to_bytes(as_bytes("evidence of one")));
  const std::string longest(kMaxStatementBytes, 'x');
  EXPECT_EQ(*attest(core, longest), to_bytes(as_bytes("evidence of " + longest)));
}

TEST_F(KeeperEvidence, LeavesCommitsUndisturbed) {
  Core& core = start();
  Opened waiter;
  ASSERT_TRUE(core.client->submit_attest(as_bytes("slow"), &waiter));
  core.client->flush();
  attester_.await_begun(1);
  append(core, {.kind = EntryKind::kStandalone, .exchange = exchange_id(1)}, "meanwhile");
  EXPECT_EQ(ledger_->committed_entries(), 1U);
  EXPECT_FALSE(waiter.result);
  attester_.finish(FakeAttester::answer_to("slow"));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  EXPECT_EQ(**waiter.result, to_bytes(as_bytes("evidence of slow")));
}

TEST_F(KeeperEvidence, ComesOneAtATimeInTheOrderAskedAndNotWithoutBound) {
  Core& core = start();
  std::vector<Opened> waiters(kMaxWaitingAttests + 1);
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    ASSERT_TRUE(core.client->submit_attest(as_bytes(std::to_string(i)), &waiters[i]));
  }
  ASSERT_TRUE(core.pump_until([&] { return waiters.back().result.has_value(); }));
  EXPECT_EQ(waiters.back().result->error().code(), Errc::kResourceExhausted);
  for (std::size_t i = 0; i < kMaxWaitingAttests; ++i) {
    attester_.await_begun(i + 1);
    attester_.finish(FakeAttester::answer_to(std::to_string(i)));
    ASSERT_TRUE(core.pump_until([&] { return waiters[i].result.has_value(); })) << i;
    EXPECT_EQ(**waiters[i].result, *FakeAttester::answer_to(std::to_string(i)));
  }
  EXPECT_EQ(attester_.begun().size(), kMaxWaitingAttests);
}

TEST_F(KeeperEvidence, ThatCannotBeMadeIsRefusedAndTheNextIsMade) {
  Core& core = start();
  std::size_t begun = 0;
  for (Result<Bytes> made : {Result<Bytes>(Error(Errc::kUnavailable, "the TPM is locked")),
                             Result<Bytes>(Bytes(kMaxEvidenceBytes + 1)), FakeAttester::answer_to("fine")}) {
    Opened waiter;
    ASSERT_TRUE(core.client->submit_attest(as_bytes("a"), &waiter));
    core.client->flush();
    attester_.await_begun(++begun);
    const Errc expected = !made ? made.error().code() : Errc::kTooLarge;
    const bool fine = made && made->size() <= kMaxEvidenceBytes;
    attester_.finish(std::move(made));
    ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    ASSERT_EQ(waiter.result->has_value(), fine);
    if (!fine) EXPECT_EQ(waiter.result->error().code(), expected);
  }
}

TEST_F(KeeperEvidence, IsRefusedByAKeeperWithoutAnAttester) {
  options_.attester = nullptr;
  EXPECT_EQ(attest(start(), "a").error().code(), Errc::kUnsupported);
}

TEST_F(KeeperEvidence, OfNothingAndOfTooMuchIsNotAskedFor) {
  Core& core = start();
  Opened waiter;
  EXPECT_EQ(core.client->submit_attest({}, &waiter).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(core.client->submit_attest(Bytes(kMaxStatementBytes + 1), &waiter).error().code(), Errc::kInvalidArgument);
}

TEST_F(KeeperEvidence, UnderWayWhenTheKeeperStopsEndsWithIt) {
  Core& core = start();
  Opened waiter;
  ASSERT_TRUE(core.client->submit_attest(as_bytes("a"), &waiter));
  core.client->flush();
  attester_.await_begun(1);
  EXPECT_TRUE(stop());
  core.client->stop("the keeper is gone");
  ASSERT_TRUE(waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kUnavailable);
}

TEST_F(KeeperEvidence, IsMadeOnAThreadOfItsOwn) {
  std::thread::id maker;
  std::thread::id measurer;
  int made = 0;
  AttestingThread attester(
      [&](ByteView statement) -> Result<Bytes> {
        maker = std::this_thread::get_id();
        if (++made == 2) return Error(Errc::kUnavailable, "the TPM is locked");
        return FakeAttester::answer_to(std::string(as_chars(statement)));
      },
      [&](const Activation& activation) -> Result<> {
        measurer = std::this_thread::get_id();
        return activation.version == 1 ? Result<>() : Error(Errc::kConflict, "somebody else extended it");
      },
      wake_.get());
  options_.attester = &attester;
  Core& core = start();
  EXPECT_EQ(*attest(core, "a"), *FakeAttester::answer_to("a"));
  EXPECT_EQ(attest(core, "b").error().message(), "the TPM is locked");
  EXPECT_EQ(*attest(core, "c"), *FakeAttester::answer_to("c"));
  EXPECT_TRUE(stop());
  attester.begin_measuring({.version = 2});
  std::optional<Result<Bytes>> refused;
  while (!(refused = attester.take())) std::this_thread::yield();
  EXPECT_EQ(refused->error().message(), "somebody else extended it");
  EXPECT_EQ(measurer, maker);
  EXPECT_NE(maker, std::thread::id());
  EXPECT_NE(maker, std::this_thread::get_id());
}

// The keeper goes while the TPM still works: the thread is waited for, and what it made is nobody's.
TEST(AttestingThread, IsAwaitedThoughNobodyTakesWhatItMakes) {
  const UniqueFd wake = make_eventfd();
  std::atomic<bool> done = false;
  {
    AttestingThread attester(
        [&](ByteView) -> Result<Bytes> {
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          done = true;
          return Bytes();
        },
        [](const Activation&) { return Result<>(); }, wake.get());
    attester.begin(as_bytes("a"));
    while (!done) std::this_thread::yield();
  }
  EXPECT_TRUE(done);
  const AttestingThread idle([](ByteView) -> Result<Bytes> { return Bytes(); },
                             [](const Activation&) { return Result<>(); }, wake.get());
}

}  // namespace
}  // namespace redoubt::ledger::test
