// Logs of tenants over one ledger: shared commits, and nothing else shared.
#include <random>

#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;

TEST(TenantName, IsPlain) {
  for (const char* name : {"a", "0", "cardiology", "ward-7", "a.b_c-d"}) EXPECT_TRUE(is_tenant_name(name)) << name;
  EXPECT_TRUE(is_tenant_name(std::string(64, 'x')));
  for (const char* name : {"", "system", "A", "-a", ".a", "..", "a/b", "a b", "ä", "a\n"}) {
    EXPECT_FALSE(is_tenant_name(name)) << name;
  }
  EXPECT_FALSE(is_tenant_name(std::string(65, 'x')));
}

class Tenants : public ::testing::Test {
 protected:
  static constexpr LogNumber kA = 1;
  static constexpr LogNumber kB = 2;
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  void open(std::vector<std::string> tenants = {"a", "b"}) {
    ledger_.reset();
    LedgerOptions options = small_segments();
    options.tenants = std::move(tenants);
    options.single_thread_for_test = true;
    auto ledger = Ledger::open(fs_, directory_, signer_, clock_, options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = *std::move(ledger);
    for (LogNumber log = 0; log < ledger_->logs(); ++log) {
      EXPECT_EQ(ledger_->committed(log).value, expected_[log].size()) << log;
    }
  }
  std::uint64_t add(LogNumber log, std::string_view leaf, EntryKind kind = EntryKind::kStandalone,
                    std::uint64_t admission = 0) {
    const std::uint64_t index = expected_[log].size();
    const EntryHeader header{.kind = kind,
                             .log = log,
                             .exchange = exchange_id(kind == EntryKind::kOutcome ? admission : index),
                             .admission_index = admission};
    const auto added = ledger_->add(header, as_bytes(leaf), {});
    EXPECT_TRUE(added) << added.error().message();
    EXPECT_EQ(added->value, index);
    expected_[log].add({header, to_bytes(as_bytes(leaf)), {}});
    return index;
  }
  tlog::NoteSigner signer_of(LogNumber log) { return *signer_.with_name(ledger_->origin(log)); }
  void expect_verifies(LogNumber log) {
    SCOPED_TRACE(ledger_->origin(log));
    LedgerReader reader = ledger_->reader(log);
    const auto report = tlog::verify_log(reader, signer_of(log).verifier_key());
    ASSERT_TRUE(report) << report.error().message();
    ASSERT_EQ(report->checkpoint.origin, ledger_->origin(log));
    ASSERT_EQ(report->checkpoint.size.value, expected_[log].size());
    ASSERT_EQ(report->checkpoint.root, expected_[log].root(expected_[log].size()));
    for (std::uint64_t i = 0; i < expected_[log].size(); ++i) {
      const auto entry = reader.read_entry({i});
      ASSERT_TRUE(entry) << entry.error().message();
      ASSERT_EQ(entry->leaf, expected_[log].entry(i).leaf);
    }
  }

  std::string directory_ = "/ledger";
  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  Expected expected_[5];  // by log
};

TEST_F(Tenants, EachHasALogOfItsOwnUnderOneKey) {
  open();
  EXPECT_EQ(ledger_->logs(), 3U);
  EXPECT_EQ(ledger_->origin(), "example.org/log");
  EXPECT_EQ(ledger_->origin(kA), "example.org/log/t/a");
  add(kA, "of a");
  add(kSystemLog, "of nobody");
  add(kB, "of b");
  add(kA, "of a again");
  ASSERT_TRUE(ledger_->commit());
  ASSERT_EQ(ledger_->last_commit().size(), 4U);
  EXPECT_EQ(ledger_->last_commit()[3].log, kA);
  EXPECT_EQ(ledger_->last_commit()[3].index.value, 1U);
  for (LogNumber log = 0; log < 3; ++log) {
    ASSERT_TRUE(ledger_->publish(log));
    ASSERT_NO_FATAL_FAILURE(expect_verifies(log));
  }
  // The key is one, the names differ, so no log's checkpoint passes for another's.
  LedgerReader reader = ledger_->reader(kA);
  EXPECT_FALSE(tlog::verify_log(reader, signer_of(kB).verifier_key()));
  EXPECT_FALSE(tlog::verify_log(reader, signer_.verifier_key()));
}

// What b sees of its own log, byte for byte, does not depend on whether and how much a was used.
TEST_F(Tenants, NothingThatOneCanReadDependsOnWhatTheOthersDid) {
  const auto files_of_b = [this](int others) {
    directory_ = "/ledger" + std::to_string(others);
    for (Expected& expected : expected_) expected = Expected();
    open();
    std::map<std::string, Bytes> seen;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < others; ++i) add(i % 3 == 0 ? kSystemLog : kA, "other " + std::to_string(i));
      add(kB, "b " + std::to_string(round));
      EXPECT_TRUE(ledger_->commit());
      for (LogNumber log = 0; log < 3; ++log) EXPECT_TRUE(ledger_->publish(log));
    }
    LedgerReader reader = ledger_->reader(kB);
    for (const char* path : {"checkpoint", "tile/0/000.p/3", "tile/0/000.p/2", "tile/entries/000.p/3"}) {
      const auto bytes = reader.fetch(path, 1 << 20);
      EXPECT_TRUE(bytes) << path;
      if (bytes) seen[path] = *bytes;
    }
    EXPECT_FALSE(reader.fetch("tile/0/000.p/4", 1 << 20));
    return seen;
  };
  const auto alone = files_of_b(0);
  EXPECT_EQ(alone.size(), 4U);
  EXPECT_EQ(files_of_b(1), alone);
  EXPECT_EQ(files_of_b(50), alone);
}

TEST_F(Tenants, OneCommitOfAllIsOneWriteAndOneSync) {
  open();
  add(kA, "first");
  ASSERT_TRUE(ledger_->commit());
  const auto syncs = fs_.count(Operation::kSync, "");
  const auto writes = fs_.count(Operation::kWrite, "");
  for (int i = 0; i < 30; ++i) add(static_cast<LogNumber>(i % 3), "entry");
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(fs_.count(Operation::kSync, ""), syncs + 1);
  EXPECT_EQ(fs_.count(Operation::kWrite, ""), writes + 1);
}

TEST_F(Tenants, NumbersStayWhateverIsConfiguredLater) {
  open({"b"});
  add(1, "of b");
  ASSERT_TRUE(ledger_->commit());
  open({"a"});
  EXPECT_EQ(ledger_->tenants(), (std::vector<std::string>{"b", "a"}));
  add(2, "of a");
  ASSERT_TRUE(ledger_->commit());
  ASSERT_TRUE(ledger_->publish(1));
  open({"c", "a", "b"});
  EXPECT_EQ(ledger_->tenants(), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(ledger_->origin(1), "example.org/log/t/b");
  open({});
  EXPECT_EQ(ledger_->logs(), 4U);
  ASSERT_TRUE(ledger_->publish(2));
  expect_verifies(1);
  expect_verifies(2);
}

TEST_F(Tenants, ANameThatIsNoneAndAListThatWasAlteredAreRefused) {
  LedgerOptions options = small_segments();
  options.tenants = {"../b"};
  EXPECT_EQ(Ledger::open(fs_, directory_, signer_, clock_, options).error().code(), Errc::kInvalidArgument);
  open();
  ledger_.reset();
  for (const char* text : {"a\nb", "a\na\n", "\n", "system\n", "a\n../b\n"}) {
    fs_.set_content("/ledger/tenants", as_bytes(text));
    EXPECT_EQ(Ledger::open(fs_, directory_, signer_, clock_, small_segments()).error().code(), Errc::kCorrupt) << text;
  }
}

TEST_F(Tenants, AnOutcomeClosesAnAdmissionOfItsOwnLogOnly) {
  open();
  add(kA, "admission", EntryKind::kAdmission);
  add(kB, "admission", EntryKind::kAdmission);
  add(kB, "another", EntryKind::kAdmission);
  const auto outcome = [&](LogNumber log, std::uint64_t index) {
    return ledger_->add(
        {.kind = EntryKind::kOutcome, .log = log, .exchange = exchange_id(index), .admission_index = index},
        as_bytes("outcome"), {});
  };
  EXPECT_EQ(outcome(kSystemLog, 0).error().code(), Errc::kMalformed);
  EXPECT_EQ(outcome(kA, 1).error().code(), Errc::kMalformed);
  add(kB, "outcome", EntryKind::kOutcome, 1);
  ASSERT_TRUE(ledger_->commit());
  open();
  const auto open_ones = ledger_->open_admissions();
  ASSERT_EQ(open_ones.size(), 2U);
  EXPECT_EQ(open_ones[0].log, kA);
  EXPECT_EQ(open_ones[0].index, 0U);
  EXPECT_EQ(open_ones[1].log, kB);
  EXPECT_EQ(open_ones[1].index, 0U);
}

TEST_F(Tenants, BytesStoredAreKnownAfterARestart) {
  open();
  add(kA, std::string(100, 'x'));
  add(kB, std::string(10, 'x'));
  add(kA, std::string(50, 'x'));
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(ledger_->stored_bytes(kA), 2 * kEntryHeaderSize + 150);
  open();
  EXPECT_EQ(ledger_->stored_bytes(kA), 2 * kEntryHeaderSize + 150);
  for (LogNumber log = 0; log < 3; ++log) ASSERT_TRUE(ledger_->publish(log));
  open();
  EXPECT_EQ(ledger_->stored_bytes(kA), 2 * kEntryHeaderSize + 150);
  EXPECT_EQ(ledger_->stored_bytes(kB), kEntryHeaderSize + 10);
  EXPECT_EQ(ledger_->stored_bytes(), 0U);
}

TEST_F(Tenants, APositionThatPointsIntoAnothersLogGivesNothing) {
  open();
  add(kA, "secret of a");
  add(kB, "b's own one");  // of the same length
  ASSERT_TRUE(ledger_->commit());
  ASSERT_TRUE(ledger_->publish(kA));
  ASSERT_TRUE(ledger_->publish(kB));
  fs_.set_content("/ledger/t/b/positions", *fs_.content("/ledger/t/a/positions"));
  LedgerReader reader = ledger_->reader(kB);
  EXPECT_EQ(reader.read_entry({0}).error().code(), Errc::kCorrupt);
  EXPECT_EQ(reader.read_bundle(0, 1).error().code(), Errc::kCorrupt);
}

// Random entries of five logs, publications, restarts, ends of the process and losses of power, from a seed that is
// printed.
TEST_F(Tenants, EveryLogIsItsOwnTreeThroughRestartsAndPowerLosses) {
  const char* given = std::getenv("REDOUBT_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("REDOUBT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE("REDOUBT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const std::vector<std::string> names{"a", "b", "c", "d"};
  open(names);
  for (int step = 0; step < 400; ++step) {
    const std::uint64_t batch = below(4) == 0 ? below(60) : below(5);
    for (std::uint64_t i = 0; i < batch; ++i) {
      const std::string leaf(below(40) == 0 ? below(3000) : below(60), static_cast<char>('a' + below(26)));
      if (ledger_->batch_room() < leaf.size() + kEntryHeaderSize) break;
      const auto log = static_cast<LogNumber>(below(5));
      const auto pending = expected_[log].open_admissions(expected_[log].size());
      const std::uint64_t kind = pending.size() > 5 ? 2 : below(3);
      if (kind == 2 && !pending.empty()) {
        add(log, leaf, EntryKind::kOutcome, pending[below(pending.size())]);
      } else {
        add(log, leaf, kind == 1 ? EntryKind::kAdmission : EntryKind::kStandalone);
      }
    }
    ASSERT_TRUE(ledger_->commit());
    if (below(2) == 0) ASSERT_TRUE(ledger_->publish(static_cast<LogNumber>(below(5))));
    if (below(10) == 0) {
      ledger_.reset();
      if (below(2) == 0) fs_.lose_power_and_all_unsynced();
      ASSERT_NO_FATAL_FAILURE(open(names));
      std::vector<std::uint64_t> all;
      for (LogNumber log = 0; log < 5; ++log) {
        std::vector<std::uint64_t> of_log;
        for (const OpenAdmission& admission : ledger_->open_admissions()) {
          if (admission.log == log) of_log.push_back(admission.index);
        }
        ASSERT_EQ(of_log, expected_[log].open_admissions(expected_[log].size())) << log;
      }
    }
  }
  for (LogNumber log = 0; log < 5; ++log) {
    ASSERT_TRUE(ledger_->publish(log));
    ASSERT_NO_FATAL_FAILURE(expect_verifies(log));
  }
}

// --- through the keeper

TEST_F(KeeperTest, EachTenantIsAnsweredWithIndicesOfItsOwnLog) {
  Core& core = start({"a", "b"});
  EXPECT_EQ(append(core, {.log = 1}, "a 0").index.value, 0U);
  EXPECT_EQ(append(core, {.log = 1}, "a 1").index.value, 1U);
  EXPECT_EQ(append(core, {.log = 2}, "b 0").index.value, 0U);
  EXPECT_EQ(append(core, {}, "system 0").index.value, 0U);
  clock_.steady_ms += 10'000;
  append(core, {.log = 2}, "b 1");
  ASSERT_TRUE(core.pump_until([&] { return core.client->published(1) == 2 && core.client->published(2) == 2; }));
  EXPECT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  EXPECT_TRUE(stop());
}

TEST_F(KeeperTest, InterruptedExchangesAreClosedInTheirOwnLogs) {
  Core& core = start({"a", "b"});
  std::optional<LedgerClient::Reservation> kept;
  admit(core, exchange_id(5), "admission", "prompt", &kept, 2);
  kept.reset();
  EXPECT_TRUE(stop());
  restart_process();
  make_keeper({"a", "b"});
  EXPECT_EQ(*keeper_->close_interrupted(), 1U);
  EXPECT_EQ(ledger_->published(2).value, 2U);
  EXPECT_EQ(ledger_->committed().value, 0U);
  const auto entry = ledger_->reader(2).read_entry({1});
  ASSERT_TRUE(entry);
  const std::string_view record = as_chars(entry->leaf);
  EXPECT_NE(record.find("\"b\""), std::string_view::npos) << record;
  EXPECT_NE(record.find("example.org/log/t/b"), std::string_view::npos) << record;
}

TEST_F(KeeperTest, ValuesOfATenantAreOpenedForItsOriginAndRecordedInItsLog) {
  Core& core = start({"a", "b"});
  append(core, {.log = 1}, "record of a", "values of a");
  append(core, {.log = 2}, "record of b", "values of b");
  const auto ask = [&](std::string_view origin, LogNumber log) {
    const auto request = sign_open_request(opener_, origin, {0}, clock_.now(), reader_key_.public_key, "because");
    Opened waiter;
    EXPECT_TRUE(core.client->submit_open(*request, &waiter, log));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    if (!*waiter.result) return std::string(to_string(waiter.result->error().code()));
    const auto opened = open_opened(*request, reader_key_, **waiter.result);
    return opened ? std::string(as_chars(*opened)) : std::string("not opened");
  };
  EXPECT_EQ(ask("example.org/log/t/b", 2), "values of b");
  EXPECT_EQ(ask("example.org/log/t/a", 2), "permission_denied");
  EXPECT_EQ(ask("example.org/log/t/b", 1), "permission_denied");
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed(1).value, 1U);
  EXPECT_EQ(ledger_->committed(2).value, 2U);
  EXPECT_EQ(ledger_->committed().value, 0U);
}

TEST_F(KeeperTest, AQuotaStopsItsTenantAndNobodyElseAndOutcomesAreStillTaken) {
  const std::uint64_t quota = 4 * (kEntryHeaderSize + 1000);
  Core& core = start({"a", "b"}, {0, quota, 0});
  const std::string record(1000, 'r');
  std::optional<LedgerClient::Reservation> kept;
  const Appended admission = admit(core, exchange_id(9), record, {}, &kept, 1);
  for (int i = 0; i < 3; ++i) append(core, {.log = 1}, record);
  ASSERT_TRUE(core.pump_until([&] { return core.client->full(1); }));
  EXPECT_EQ(core.client->reserve(10, 0, 1).error().code(), Errc::kResourceExhausted);
  append(core, {.log = 2}, record);
  EXPECT_FALSE(core.client->full(2));
  EXPECT_FALSE(core.client->full());
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(
      *std::exchange(kept, std::nullopt),
      {.log = 1, .exchange = exchange_id(9), .admission_index = admission.index.value}, "outcome", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  EXPECT_TRUE(*waiter.result);
  EXPECT_TRUE(stop());
  restart_process();
  // It is remembered; a larger quota lets the tenant go on.
  Core& again = start({"a", "b"}, {0, quota, 0});
  EXPECT_TRUE(again.pump_until([&] { return again.client->full(1); }));
  EXPECT_TRUE(stop());
  restart_process();
  Core& larger = start({"a", "b"}, {0, 2 * quota, 0});
  EXPECT_FALSE(larger.client->full(1));
  EXPECT_EQ(append(larger, {.log = 1}, record).index.value, 5U);
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace redoubt::ledger::test
