#include "ledger/log_scan.h"

#include <random>

#include "base/log.h"
#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

class LogScanTest : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "/ledger";
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  LogScanTest() {
    LedgerOptions options = small_segments();
    options.tenants = {"clinic"};
    options.single_thread_for_test = true;
    ledger_ = *Ledger::open(fs_, kDirectory, signer_, clock_, options);
  }

  void add(LogNumber log, EntryKind kind, const Bytes& leaf, const Bytes& opening = {}) {
    if (ledger_->batch_room() < kEntryHeaderSize + leaf.size() + opening.size()) commit();
    ASSERT_TRUE(ledger_->add({.kind = kind, .log = log, .exchange = exchange_id(leaves_[log].size())}, leaf, opening));
    leaves_[log].push_back(leaf);
  }
  void commit() { ASSERT_TRUE(ledger_->commit()); }
  void publish() {
    commit();
    for (LogNumber log = 0; log < 2; ++log) ASSERT_TRUE(ledger_->publish(log));
  }
  static std::string tenant(LogNumber log) { return log == kSystemLog ? "" : "clinic"; }

  // Scans to the end or the first error, comparing with what LedgerReader says.
  Result<std::uint64_t> scan(LogNumber log, std::uint64_t from) {
    auto scan = LogScan::open(fs_, kDirectory, tenant(log), {from});
    if (!scan) return scan.error();
    LedgerReader reader(fs_, kDirectory, tenant(log));
    std::uint64_t index = from;
    while (true) {
      const auto entry = scan->next();
      if (!entry) return entry.error();
      if (!*entry) return index - from;
      const auto read = reader.read_entry({index});
      EXPECT_TRUE(read) << read.error().message();
      if (!read) return read.error();
      EXPECT_EQ((*entry)->header.index, index);
      EXPECT_EQ((*entry)->header.kind, read->header.kind);
      EXPECT_EQ((*entry)->header.opening_size, read->sealed_opening.size());
      EXPECT_EQ(to_bytes((*entry)->leaf), leaves_[log][index]);
      EXPECT_EQ((*entry)->leaf_hash, tlog::leaf_hash(leaves_[log][index]));
      ++index;
    }
  }
  Errc scan_error() {
    const auto scanned = scan(kSystemLog, 0);
    return scanned ? Errc::kCancelled : scanned.error().code();
  }
  void alter(const std::string& path, std::size_t offset) {
    Bytes bytes = *fs_.content(path);
    bytes.at(offset) ^= std::byte{1};
    fs_.set_content(path, bytes);
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  std::vector<Bytes> leaves_[2];  // by log
  const std::string segment_ = std::string(kDirectory) + "/segments/" + segment_name(0);
  const std::string positions_ = std::string(kDirectory) + "/positions";
  const std::string hashes_ = std::string(kDirectory) + "/hashes/0";
};

TEST_F(LogScanTest, GivesEveryEntryOfItsLogFromAnyIndexOn) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 600; ++i) {
    const Bytes leaf(random() % (random() % 20 == 0 ? 30'000 : 900), static_cast<std::byte>(i));
    const Bytes opening(random() % 3 == 0 ? random() % 3000 : 0, std::byte{7});
    const auto log = static_cast<LogNumber>(random() % 2);
    ASSERT_NO_FATAL_FAILURE(add(log, random() % 2 == 0 ? EntryKind::kFact : EntryKind::kStandalone, leaf, opening));
    if (random() % 10 == 0) commit();
  }
  publish();
  for (LogNumber log = 0; log < 2; ++log) {
    const std::uint64_t size = leaves_[log].size();
    for (const std::uint64_t from : {std::uint64_t{0}, size / 3, size - 1, size, size + 1, UINT64_MAX}) {
      const auto scanned = scan(log, from);
      ASSERT_TRUE(scanned) << scanned.error().message();
      EXPECT_EQ(*scanned, from < size ? size - from : 0) << log << " from " << from;
    }
  }
}

TEST_F(LogScanTest, EndsWithWhatWasThereWhenItBegan) {
  add(0, EntryKind::kFact, Bytes(10));
  publish();
  auto first = LogScan::open(fs_, kDirectory, {}, {0});
  ASSERT_TRUE(first);
  add(0, EntryKind::kFact, Bytes(20));
  publish();
  ASSERT_TRUE(first->next() && *scan(0, 0) == 2U);
  const auto end = first->next();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST_F(LogScanTest, SeesNothingThatIsNotPublished) {
  EXPECT_EQ(*scan(0, 0), 0U);
  add(0, EntryKind::kFact, Bytes(10));
  commit();
  EXPECT_EQ(*scan(0, 0), 0U);
  EXPECT_EQ(*LedgerReader(fs_, kDirectory).size(), 0U);
  publish();
  EXPECT_EQ(*scan(0, 0), 1U);
  EXPECT_EQ(*LedgerReader(fs_, kDirectory).size(), 1U);
}

TEST_F(LogScanTest, OfATenantThatHasNoLogIsNotFound) {
  EXPECT_EQ(LogScan::open(fs_, kDirectory, "nobody", {0}).error().code(), Errc::kNotFound);
}

TEST_F(LogScanTest, RefusesStoredBytesThatDoNotFit) {
  for (int i = 0; i < 3; ++i) add(0, EntryKind::kFact, Bytes(100, static_cast<std::byte>(i)));
  publish();
  ASSERT_EQ(*scan(0, 0), 3U);
  constexpr std::size_t kFirst = kSegmentHeaderSize + kCommitHeaderSize;
  const auto expect_found = [&](const char* what, const std::string& path, std::size_t offset) {
    alter(path, offset);
    EXPECT_EQ(scan_error(), Errc::kCorrupt) << what;
    alter(path, offset);
    EXPECT_EQ(scan_error(), Errc::kCancelled) << what;
  };
  expect_found("AlteredLeaf", segment_, kFirst + kEntryHeaderSize + 50);
  expect_found("AlteredLeafSize", segment_, kFirst);
  expect_found("LeafAboveTheLimit", segment_, kFirst + 3);
  expect_found("AlteredLog", segment_, kFirst + 12);
  expect_found("AlteredIndex", segment_, kFirst + 40);
  expect_found("UnknownKind", segment_, kFirst + 8 + 1);
  expect_found("AlteredHash", hashes_, 5);
  expect_found("PositionOfAnotherEntry", positions_, 4);
  expect_found("PositionBeyondTheSegment", positions_, 4 + 3);
}

TEST_F(LogScanTest, RefusesAMissingSegmentAndACutOne) {
  for (int i = 0; i < 3; ++i) add(0, EntryKind::kFact, Bytes(100));
  publish();
  Bytes bytes = *fs_.content(segment_);
  bytes.resize(kSegmentHeaderSize + kCommitHeaderSize + kEntryHeaderSize + 50);
  fs_.set_content(segment_, bytes);
  EXPECT_EQ(scan_error(), Errc::kCorrupt);
  ledger_.reset();
  ASSERT_TRUE(fs_.remove(segment_));
  EXPECT_EQ(scan_error(), Errc::kNotFound);
}

TEST_F(LogScanTest, PassesOnWhatTheDiskRefuses) {
  add(0, EntryKind::kFact, Bytes(100));
  publish();
  auto scan = LogScan::open(fs_, kDirectory, {}, {0});
  ASSERT_TRUE(scan);
  fs_.inject({.effect = FaultFileSystem::Effect::kFail,
              .operation = FaultFileSystem::Operation::kRead,
              .path_part = "segments",
              .nth = 1});
  EXPECT_EQ(scan->next().error().code(), Errc::kIo);
}

}  // namespace
}  // namespace redoubt::ledger::test
