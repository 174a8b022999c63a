#include "ledger/commit_tail.h"

#include "base/log.h"
#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

class CommitTailTest : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "/ledger";
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  CommitTailTest() {
    LedgerOptions options = small_segments();
    options.tenants = {"clinic"};
    options.single_thread_for_test = true;
    ledger_ = *Ledger::open(fs_, kDirectory, signer_, clock_, options);
  }

  // Two entries, one of each log.
  void commit(std::size_t leaf_size = 100) {
    for (LogNumber log = 0; log < 2; ++log) {
      leaves_.emplace_back(leaf_size, std::byte(leaves_.size() % 251));
      ASSERT_TRUE(ledger_->add({.kind = EntryKind::kStandalone, .log = log, .exchange = exchange_id(leaves_.size())},
                               leaves_.back(), {}));
    }
    ASSERT_TRUE(ledger_->commit());
  }

  // Entries from the tail until there are no more, each compared; how many.
  std::size_t read(CommitTail& tail, std::uint64_t from) {
    std::size_t count = 0;
    while (true) {
      const auto commit = tail.next();
      EXPECT_TRUE(commit) << commit.error().message();
      if (!commit || !*commit) return count;
      std::uint64_t sequence = (*commit)->header.first;
      for (ByteView rest = (*commit)->payload; !rest.empty(); ++sequence) {
        const auto entry = take_entry(rest);
        EXPECT_TRUE(entry);
        if (!entry) return count;
        EXPECT_EQ(to_bytes(entry->leaf), leaves_.at(sequence));
        EXPECT_EQ(entry->header.log, sequence % 2);
        count += sequence >= from ? 1 : 0;
      }
      EXPECT_EQ(sequence, (*commit)->header.next());
    }
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  std::vector<Bytes> leaves_;  // by sequence
};

TEST_F(CommitTailTest, GivesCommitsWithoutACheckpoint) {
  EXPECT_EQ(CommitTail::open(fs_, kDirectory, 0).error().code(), Errc::kNotFound);  // nothing yet
  commit();
  auto tail = CommitTail::open(fs_, kDirectory, 0);
  ASSERT_TRUE(tail) << tail.error().message();
  EXPECT_EQ(read(*tail, 0), 2U);
  EXPECT_EQ(read(*tail, 0), 0U);
  commit();
  commit();
  EXPECT_EQ(read(*tail, 0), 4U);
}

TEST_F(CommitTailTest, GoesOnFromSegmentToSegment) {
  commit();
  auto tail = CommitTail::open(fs_, kDirectory, 0);
  ASSERT_TRUE(tail);
  std::size_t seen = 0;
  for (int i = 0; i < 20; ++i) {
    commit(9'000);
    if (i % 3 == 0) seen += read(*tail, 0);
  }
  EXPECT_EQ(seen + read(*tail, 0), leaves_.size());
  EXPECT_GE(fs_.count(FaultFileSystem::Operation::kRename, "segments/"), 4U);
}

TEST_F(CommitTailTest, BeginsWhereverItIsTold) {
  for (int i = 0; i < 20; ++i) commit(9'000);
  for (std::uint64_t from = 0; from <= leaves_.size(); ++from) {
    auto tail = CommitTail::open(fs_, kDirectory, from);
    ASSERT_TRUE(tail) << from;
    EXPECT_EQ(read(*tail, from), leaves_.size() - from) << from;
  }
}

TEST_F(CommitTailTest, WaitsBehindTheEndForWhatIsNotThereYet) {
  commit();
  auto tail = CommitTail::open(fs_, kDirectory, 3);
  ASSERT_TRUE(tail);
  EXPECT_EQ(read(*tail, 3), 0U);
  commit();
  EXPECT_EQ(read(*tail, 3), 1U);
}

TEST_F(CommitTailTest, SaysWhatIsGoneOrDoesNotFollow) {
  for (int i = 0; i < 20; ++i) commit(9'000);
  EXPECT_EQ(CommitTail::open(fs_, "/nowhere", 0).error().code(), Errc::kNotFound);

  // A segment in another's place.
  auto tail = CommitTail::open(fs_, kDirectory, 0);
  ASSERT_TRUE(tail);
  const std::string segments = std::string(kDirectory) + "/segments/";
  ASSERT_TRUE(fs_.rename(segments + segment_name(2), segments + segment_name(1)));
  EXPECT_EQ(CommitTail::open(fs_, kDirectory, 0).error().code(), Errc::kCorrupt);
  Errc code = Errc::kCancelled;
  while (true) {
    const auto commit = tail->next();
    if (commit && *commit) continue;
    if (!commit) code = commit.error().code();
    break;
  }
  EXPECT_EQ(code, Errc::kCorrupt);

  ASSERT_TRUE(fs_.remove(segments + segment_name(0)));
  ASSERT_TRUE(fs_.remove(segments + segment_name(1)));
  EXPECT_EQ(CommitTail::open(fs_, kDirectory, 0).error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::ledger::test
