// Keeper and client over real rings, the keeper on a thread of its own.
#include <algorithm>

#include "encoding/base64.h"
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

TEST_F(KeeperTest, AcknowledgesWithIndexAndLeafHashWhatIsDurable) {
  Core& core = start();
  for (std::uint64_t i = 0; i < 5; ++i) {
    const std::string leaf = "record " + std::to_string(i);
    const Appended appended = append(core, {}, leaf, i % 2 == 0 ? "values" : "");
    EXPECT_EQ(appended.index.value, i);
    EXPECT_EQ(appended.leaf_hash, tlog::leaf_hash(as_bytes(leaf)));
  }
  EXPECT_TRUE(stop());
  EXPECT_EQ(keeper_->stats().entries, 5U);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 5U);
}

TEST_F(KeeperTest, StopCommitsAndPublishesWhatHasCome) {
  Core& core = start();
  append(core, {}, "one");
  append(core, {}, "two");
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->published().value, 2U);
  LedgerReader reader = ledger_->reader();
  const auto report = tlog::verify_log(reader, signer_.verifier_key());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->checkpoint.size.value, 2U);
}

TEST_F(KeeperTest, AnExchangeIsAdmittedAndClosed) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> reservation;
  const ExchangeId exchange = exchange_id(77);
  const Appended admission = admit(core, exchange, "admission", "prompt", &reservation);
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(reservation),
                                          {.exchange = exchange, .admission_index = admission.index.value}, "outcome",
                                          "completion", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(*waiter.result);
  EXPECT_EQ((*waiter.result)->index.value, 1U);
  EXPECT_TRUE(stop());
  EXPECT_TRUE(ledger_->open_admissions().empty());
  const auto entry = ledger_->reader().read_entry({1});
  ASSERT_TRUE(entry);
  EXPECT_EQ(as_chars(entry->leaf), "outcome");
  EXPECT_EQ(entry->header.admission_index, 0U);
  const auto opening = wrapper_->open(opening_context(exchange, EntryKind::kOutcome), entry->sealed_opening);
  ASSERT_TRUE(opening);
  EXPECT_EQ(as_chars(*opening), "completion");
}

TEST_F(KeeperTest, OpenAdmissionsAreClosedAsInterruptedExactlyOnce) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> kept[3];
  for (std::uint64_t i = 0; i < 3; ++i) admit(core, exchange_id(100 + i), "admission", "", &kept[i]);
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(kept[1]), {.exchange = exchange_id(101), .admission_index = 1},
                                          "outcome", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  for (auto& reservation : kept) reservation.reset();
  EXPECT_TRUE(stop());
  const auto time = clock_.wall_ms.load();
  restart_process();
  clock_.wall_ms = time - 5'000'000;  // the clock jumped; records do not go back in time

  make_keeper();
  const auto closed = keeper_->close_interrupted();
  ASSERT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(*closed, 2U);
  EXPECT_EQ(ledger_->committed().value, 6U);
  EXPECT_EQ(ledger_->published().value, 6U);
  for (const std::uint64_t index : {4U, 5U}) {
    const auto entry = ledger_->reader().read_entry({index});
    ASSERT_TRUE(entry);
    const std::uint64_t admission = index == 4 ? 0 : 2;
    EXPECT_EQ(entry->header.kind, EntryKind::kOutcome);
    EXPECT_EQ(entry->header.admission_index, admission);
    EXPECT_EQ(entry->header.exchange, exchange_id(100 + admission));
    const std::string_view record = as_chars(entry->leaf);
    EXPECT_NE(record.find("interrupted"), std::string_view::npos) << record;
    EXPECT_NE(record.find(encoding::hex(exchange_id(100 + admission))), std::string_view::npos) << record;
    EXPECT_NE(record.find(std::to_string(time)), std::string_view::npos) << record;
  }
  restart_process();
  make_keeper();
  const auto again = keeper_->close_interrupted();
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, 0U);
  EXPECT_EQ(ledger_->committed().value, 6U);
}

TEST_F(KeeperTest, PublishesAtMostOnceAnInterval) {
  Core& core = start();
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  append(core, {}, "two");
  append(core, {}, "three");
  clock_.steady_ms += 249;
  append(core, {}, "four");
  EXPECT_EQ(core.client->published(), 1U);
  clock_.steady_ms += 1;
  signal_fd(wake_);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 4; }));
  append(core, {}, "five");
  EXPECT_EQ(core.client->published(), 4U);
  EXPECT_TRUE(stop());
  EXPECT_EQ(keeper_->stats().checkpoints, 3U);
}

TEST_F(KeeperTest, SealingKeysAreReplacedAfterTheirLife) {
  Core& core = start();
  append(core, {}, "first", "values");
  append(core, {}, "second", "values");
  clock_.steady_ms += 60'000;
  signal_fd(wake_);
  // The key comes before the answer to what follows.
  append(core, {}, "wakes the keeper");
  append(core, {}, "third", "values");
  EXPECT_TRUE(stop());
  const auto wrapped = [&](std::uint64_t index) {
    const auto entry = ledger_->reader().read_entry({index});
    EXPECT_TRUE(entry);
    const auto opening = wrapper_->open(opening_context({}, EntryKind::kStandalone), entry->sealed_opening);
    EXPECT_TRUE(opening);
    EXPECT_EQ(as_chars(*opening), "values");
    return Bytes(entry->sealed_opening.begin() + 1, entry->sealed_opening.begin() + 61);
  };
  EXPECT_EQ(wrapped(0), wrapped(1));
  EXPECT_NE(wrapped(0), wrapped(3));
}

TEST_F(KeeperTest, EachCoreHasASealingKeyOfItsOwn) {
  make_keeper();
  Core& a = add_core();
  Core& b = add_core();
  run();
  ASSERT_TRUE(a.pump_until([&] { return a.client->ready(); }));
  ASSERT_TRUE(b.pump_until([&] { return b.client->ready(); }));
  append(a, {}, "a", "values");
  append(b, {}, "b", "values");
  EXPECT_TRUE(stop());
  const auto first = ledger_->reader().read_entry({0});
  const auto second = ledger_->reader().read_entry({1});
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(std::equal(first->sealed_opening.begin() + 1, first->sealed_opening.begin() + 61,
                          second->sealed_opening.begin() + 1));
}

// --- a disk that fails

TEST_F(KeeperTest, AFailedSyncEndsTheServiceAndWaitersLearnOfIt) {
  Core& core = start();
  append(core, {}, "one");
  // Its syncs would take the fault meant for the commit's.
  while (!fs_.is_synced("/ledger/spare.seg", 9 * 1024 * 1024)) std::this_thread::yield();
  Waiter waiters[3];
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kSync, .path_part = "", .nth = 1});
  for (Waiter& waiter : waiters) ASSERT_TRUE(core.client->submit({}, "two", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  for (const Waiter& waiter : waiters) {
    ASSERT_TRUE(waiter.result);
    ASSERT_FALSE(*waiter.result);
    EXPECT_EQ(waiter.result->error().code(), Errc::kUnavailable);
  }
  EXPECT_EQ(core.client->reserve(10, 0).error().code(), Errc::kUnavailable);
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::kIo);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(KeeperTest, AFailedPublicationEndsTheService) {
  Core& core = start();
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kRename, .path_part = "checkpoint", .nth = 1});
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  EXPECT_FALSE(join());
}

// --- TLS keys

TEST_F(KeeperTest, CertifiesATlsKeyForTheNamesItWasGiven) {
  make_tls_authority();
  Core& core = start();
  const auto key = crypto::P256PrivateKey::generate();
  const auto certificate = certify(core, key.public_key());
  ASSERT_TRUE(certificate) << certificate.error().message();
  // The key and the name are in it, as they are.
  const std::string_view der = as_chars(*certificate);
  EXPECT_NE(der.find(as_chars(key.public_key())), std::string_view::npos);
  EXPECT_NE(der.find("gateway.example"), std::string_view::npos);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

TEST_F(KeeperTest, WithoutAnAuthorityItCertifiesNothing) {
  Core& core = start();
  const auto refused = certify(core, crypto::P256PrivateKey::generate().public_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kUnsupported);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

TEST_F(KeeperTest, CertifiesNoMoreThanABurstAndGoesOn) {
  make_tls_authority();
  Core& core = start();
  const auto key = crypto::P256PrivateKey::generate();
  for (int i = 0; i < keys::TlsAuthority::kBurst; ++i) ASSERT_TRUE(certify(core, key.public_key())) << i;
  for (int i = 0; i < 5; ++i) {
    const auto refused = certify(core, key.public_key());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::kResourceExhausted);
  }
  clock_.steady_ms += 60'000;
  EXPECT_TRUE(certify(core, key.public_key()));
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

// --- load

TEST_F(KeeperTest, TwoThreadsAppendWithoutLosingAWakeUp) {
  constexpr std::uint64_t kEach = 100'000;
  make_keeper();
  Core* cores[] = {&add_core(), &add_core()};
  run();
  struct Counter final : LedgerClient::AppendWaiter {
    void appended(Result<Appended> result) override {
      ASSERT_TRUE(result);
      indices.push_back(result->index.value);
    }
    std::vector<std::uint64_t> indices;
  } counters[2];
  const auto work = [&](std::size_t which) {
    Core& core = *cores[which];
    ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
    std::uint64_t submitted = 0;
    while (counters[which].indices.size() < kEach) {
      const std::uint64_t burst = submitted % 1000 == 0 ? 64 : 1 + submitted % 7;
      for (std::uint64_t i = 0; i < burst && submitted < kEach; ++i) {
        if (!core.client->submit({}, std::to_string(submitted), {}, &counters[which])) break;
        ++submitted;
      }
      // Now and then wait for all of them, so that both sides fall asleep.
      const bool all = submitted == kEach || submitted % 500 < 7;
      ASSERT_TRUE(core.pump_until([&] { return counters[which].indices.size() + (all ? 0 : 2000) >= submitted; }));
    }
  };
  std::thread other([&] { work(1); });
  work(0);
  other.join();
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 2 * kEach);
  EXPECT_EQ(keeper_->stats().entries, 2 * kEach);
  std::vector<std::uint64_t> all;
  for (const Counter& counter : counters) {
    EXPECT_TRUE(std::is_sorted(counter.indices.begin(), counter.indices.end()));
    all.insert(all.end(), counter.indices.begin(), counter.indices.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 2 * kEach);
  for (std::uint64_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
  LedgerReader reader = ledger_->reader();
  const auto report = tlog::verify_log(reader, signer_.verifier_key());
  ASSERT_TRUE(report) << report.error().message();
}

}  // namespace
}  // namespace redoubt::ledger::test
