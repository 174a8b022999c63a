#include "ledger/stats.h"

#include "base/log.h"
#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

class Stats : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }
  void SetUp() override {
    LedgerOptions options = small_segments();
    options.tenants = {"a", "b"};
    options.single_thread_for_test = true;
    auto ledger = Ledger::open(fs_, "/ledger", signer_, clock_, options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = *std::move(ledger);
  }
  void add(LogNumber log, std::size_t leaf, std::size_t opening) {
    ASSERT_TRUE(ledger_->add({.log = log}, Bytes(leaf, std::byte{1}), Bytes(opening, std::byte{2})));
  }
  void commit_at(std::int64_t time_ms) {
    clock_.wall_ms = time_ms;
    ASSERT_TRUE(ledger_->commit());
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(Stats, CountWhatIsThere) {
  add(0, 100, 50);
  add(1, 10, 0);
  commit_at(1'000);
  ASSERT_TRUE(ledger_->publish(0));
  ASSERT_TRUE(ledger_->publish(1));
  add(1, 25'000, 7);
  add(0, 20'000, 0);
  commit_at(2'000);
  add(1, 21'000, 0);
  commit_at(3'000);
  const auto stats = ledger_stats(fs_, "/ledger");
  ASSERT_TRUE(stats) << stats.error().message();
  EXPECT_EQ(stats->segments, 2U);
  EXPECT_EQ(stats->commits, 3U);
  EXPECT_EQ(stats->entries, 5U);
  EXPECT_EQ(stats->opening_bytes, 57U);
  EXPECT_EQ(stats->stored_bytes, 5 * kEntryHeaderSize + 100 + 10 + 25'000 + 20'000 + 21'000 + 57);
  EXPECT_EQ(stats->segment_file_bytes, 2U * 64 * 1024);
  EXPECT_EQ(stats->spare_file_bytes, 64U * 1024);
  EXPECT_EQ(stats->hash_file_bytes, 2U * tlog::kHashSize);
  EXPECT_EQ(stats->position_file_bytes, 2U * kPositionSize);
  ASSERT_EQ(stats->logs.size(), 3U);
  const LogStats& a = stats->logs[1];
  EXPECT_EQ(a.tenant, "a");
  EXPECT_EQ(a.entries, 3U);
  EXPECT_EQ(a.published, 1U);
  EXPECT_EQ(a.uncovered(), 2U);
  EXPECT_EQ(a.stored_bytes, ledger_->stored_bytes(1));
  EXPECT_EQ(a.leaf_bytes, 10U + 25'000 + 21'000);
  EXPECT_EQ(a.first_commit_ms, 1'000);
  EXPECT_EQ(a.last_commit_ms, 3'000);
  EXPECT_EQ(stats->logs[0].last_commit_ms, 2'000);
  EXPECT_FALSE(stats->logs[2].first_commit_ms);
  EXPECT_EQ(stats->logs[2].checkpoint_bytes, 0U);
  EXPECT_EQ(a.checkpoint_bytes, fs_.content("/ledger/t/a/checkpoint")->size());
}

TEST_F(Stats, OfAnEmptyLedgerAreZero) {
  const auto stats = ledger_stats(fs_, "/ledger");
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->entries, 0U);
  EXPECT_EQ(stats->segments, 0U);
  EXPECT_EQ(stats->logs.size(), 3U);
}

TEST_F(Stats, OfADamagedLedgerAreRefused) {
  add(0, 100, 0);
  commit_at(1'000);
  ASSERT_TRUE(ledger_->publish());
  const std::string file = "/ledger/segments/" + segment_name(0);
  Bytes bytes = *fs_.content(file);
  bytes[kSegmentHeaderSize + kCommitHeaderSize + 3] ^= std::byte{1};
  fs_.set_content(file, bytes);
  EXPECT_EQ(ledger_stats(fs_, "/ledger").error().code(), Errc::kCorrupt);
  EXPECT_EQ(ledger_stats(fs_, "/nothing").error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::ledger::test
