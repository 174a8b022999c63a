// A disk that runs full: who is refused when, and what is taken all the same.
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

constexpr std::uint64_t kMiB = 1024 * 1024;
// The reserve that make_keeper() leaves at its default, and the eighth that must be there before it goes on.
constexpr std::uint64_t kReserve = 256 * kMiB;
// What is kept for outcomes with one core: its ring, and the tree.
constexpr std::uint64_t kOutcomesReserve = 12 * kMiB;

class FullDisk : public KeeperTest {
 protected:
  // The keeper looks once a second.
  void set_free_bytes(std::uint64_t bytes) {
    fs_.set_free_bytes(bytes);
    clock_.steady_ms += 1000;
    signal_fd(wake_);
  }
  void wait_for_spare() {
    while (!fs_.is_synced("/ledger/spare.seg", 9 * kMiB)) std::this_thread::yield();
  }
  // Gives the keeper time to look: it answers both, most likely not in one go.
  void let_it_look(Core& core) {
    for (int i = 0; i < 2; ++i) {
      Opened waiter;
      ASSERT_TRUE(core.client->submit_open(
          *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"),
          &waiter));
      ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    }
  }
  static bool takes_a_fact(Core& core) {
    const auto done = core.client->submit_fact({}, "fact", {}, nullptr);
    EXPECT_TRUE(done || done.error().code() == Errc::kResourceExhausted);
    core.client->flush();
    return bool(done);
  }
  bool becomes_full(Core& core) {
    return core.pump_until([&] { return core.client->full(); });
  }
  bool has_room_again(Core& core) {
    return core.pump_until([&] { return !core.client->full(); });
  }
};

TEST_F(FullDisk, NothingNewIsAdmittedAndWhatWasAdmittedEnds) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> reservation;
  const ExchangeId exchange = exchange_id(3);
  const Appended admission = admit(core, exchange, "admission", "prompt", &reservation);
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  EXPECT_EQ(core.client->reserve(10, 0).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(core.client->submit({}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(core.client->ready()) << "it has not stopped";
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(reservation),
                                          {.exchange = exchange, .admission_index = admission.index.value}, "outcome",
                                          "completion", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(*waiter.result);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() >= 1; }));
  EXPECT_TRUE(stop());
  EXPECT_TRUE(ledger_->open_admissions().empty());
  EXPECT_EQ(ledger_->published().value, 2U);
}

TEST_F(FullDisk, GoesOnByItselfWhenThereIsAnEighthMore) {
  Core& core = start();
  append(core, {}, "before");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  for (const std::uint64_t too_little : {kReserve, kReserve + kReserve / 8 - 1}) {
    set_free_bytes(too_little);
    let_it_look(core);
    EXPECT_TRUE(core.client->full()) << too_little;
  }
  set_free_bytes(kReserve + kReserve / 8 + 4096);  // a checkpoint takes a little meanwhile
  ASSERT_TRUE(has_room_again(core));
  EXPECT_EQ(append(core, {}, "after").index.value, 1U);
  EXPECT_TRUE(stop());
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 2U);
}

TEST_F(FullDisk, FactsAreTakenUntilOnlyTheReserveOfOutcomesIsLeft) {
  Core& core = start();
  append(core, {}, "before");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  Waiter revocation;
  ASSERT_TRUE(core.client->submit_fact({}, "revocation", "values", &revocation));
  ASSERT_TRUE(core.pump_until([&] { return revocation.result.has_value(); }));
  EXPECT_TRUE(*revocation.result);
  EXPECT_EQ(core.client->submit({}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);

  set_free_bytes(kOutcomesReserve - 1);
  std::uint64_t taken = 2;
  ASSERT_TRUE(core.pump_until([&] {
    if (!takes_a_fact(core)) return true;
    ++taken;  // it has not looked yet
    return false;
  }));
  set_free_bytes(kOutcomesReserve + kOutcomesReserve / 8 - 1);
  let_it_look(core);
  EXPECT_FALSE(takes_a_fact(core));
  set_free_bytes(kOutcomesReserve + kOutcomesReserve / 8 + kMiB);
  EXPECT_TRUE(core.pump_until([&] { return takes_a_fact(core); }));
  EXPECT_TRUE(core.client->full());
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, taken + 1);
}

TEST_F(FullDisk, FactsHaveTheirReserveHoweverSmallTheConfiguredOne) {
  options_.free_space_reserve = 1;
  make_keeper();
  wait_for_spare();
  fs_.set_free_bytes(kOutcomesReserve + kFactReserveBytes - 1);
  Core& core = add_core();
  run();
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  EXPECT_TRUE(core.client->full());
  EXPECT_TRUE(takes_a_fact(core));
}

TEST_F(FullDisk, FactsThatTakeItsSpaceAreStoppedAfterOneMebibyte) {
  Core& core = start();
  append(core, {}, "before");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  fs_.set_free_bytes(kOutcomesReserve - 1);  // and the clock stands still
  const std::string values(16 * 1024, 'v');
  int taken = 0;
  for (Result<> done; done && taken < 1000;) {
    Waiter waiter;
    done = core.client->submit_fact({}, "fact", values, &waiter);
    if (!done) continue;
    ++taken;
    ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  }
  EXPECT_GE(taken, 60);
  EXPECT_LE(taken, 70);
}

TEST_F(FullDisk, IsSaidBeforeAnythingIsAdmittedAndToEveryCore) {
  make_keeper();
  wait_for_spare();
  fs_.set_free_bytes(kReserve - 1);
  Core& a = add_core();
  Core& b = add_core();
  run();
  for (Core* core : {&a, &b}) {
    ASSERT_TRUE(core->pump_until([&] { return core->client->ready(); }));
    EXPECT_TRUE(core->client->full()) << "it was ready before it knew";
  }
  set_free_bytes(2 * kReserve);
  EXPECT_TRUE(has_room_again(a));
  EXPECT_TRUE(has_room_again(b));
}

TEST_F(FullDisk, TheNextSegmentCountsAsTaken) {
  make_keeper();
  wait_for_spare();
  // A new segment begins with the first commit, so that the one after it must be made: 9 MiB more.
  fs_.set_free_bytes(kReserve + 9 * kMiB - 1);
  Core& core = add_core();
  run();
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  EXPECT_FALSE(core.client->full());
  append(core, {}, "one");
  wait_for_spare();
  clock_.steady_ms += 1000;
  signal_fd(wake_);
  EXPECT_TRUE(becomes_full(core));
}

TEST_F(FullDisk, ValuesAreNotOpenedSinceThatWouldBeARecord) {
  Core& core = start();
  append(core, {}, "record", "values");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  Opened waiter;
  ASSERT_TRUE(core.client->submit_open(
      *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_FALSE(*waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(FullDisk, IsNoticedAtTheLatestAfterSixteenMebibytes) {
  Core& core = start();
  wait_for_spare();
  fs_.set_free_bytes(kReserve - 1);  // and the clock stands still
  const std::string opening(1'000'000, 'v');
  int taken = 0;
  while (!core.client->full() && taken < 40) {
    append(core, {}, "record", opening);
    ++taken;
  }
  EXPECT_TRUE(core.client->full());
  EXPECT_GE(taken, 16);
  EXPECT_LE(taken, 18);
}

TEST_F(FullDisk, ADiskThatIsFullAllTheSameIsAFailedWrite) {
  Core& core = start();
  append(core, {}, "one");
  wait_for_spare();
  fs_.inject({.effect = Effect::kDiskFull, .operation = Operation::kWrite, .path_part = "", .nth = 1});
  Waiter waiter;
  ASSERT_TRUE(core.client->submit({}, "two", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  ASSERT_TRUE(waiter.result);
  EXPECT_FALSE(*waiter.result);
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::kResourceExhausted);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 1U);
  EXPECT_TRUE(keeper_->close_interrupted());
}

}  // namespace
}  // namespace redoubt::ledger::test
