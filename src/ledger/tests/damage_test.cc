// Damage to a ledger's files: what a crash leaves behind is repaired, everything else is refused, or found by whoever
// reads there.
#include <gtest/gtest.h>

#include "base/log.h"
#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

constexpr const char* kDirectory = "/ledger";
constexpr std::size_t kEntrySize = kEntryHeaderSize + 40;  // of the entries that commit() adds

class DamageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  Result<> open() {
    ledger_.reset();
    auto ledger = Ledger::open(fs_, kDirectory, signer_, clock_, small_segments());
    if (!ledger) return ledger.error();
    ledger_ = *std::move(ledger);
    return {};
  }
  void commit(int entries, std::size_t leaf_size = 40) {
    for (int i = 0; i < entries; ++i) {
      Bytes leaf(leaf_size, static_cast<std::byte>(expected_.size() + 1));
      ASSERT_TRUE(ledger_->add({}, leaf, {}));
      expected_.add({{}, std::move(leaf), {}});
    }
    ASSERT_TRUE(ledger_->commit());
  }
  void publish() { ASSERT_TRUE(ledger_->publish()); }

  // A ledger with this many published entries and four more, of which the last two are in a second segment, closed.
  void make_published(int entries) {
    ASSERT_TRUE(open());
    commit(entries);
    commit(2, 15'000);
    publish();
    commit(2, 20'000);
    publish();
    ledger_.reset();
    ASSERT_EQ(fs_.list("/ledger/segments")->size(), 2U);
  }

  Bytes content(const std::string& name) { return *fs_.content("/ledger/" + name); }
  void set(const std::string& name, ByteView bytes) { fs_.set_content("/ledger/" + name, bytes); }
  void flip(const std::string& name, std::size_t at) {
    Bytes bytes = content(name);
    ASSERT_LT(at, bytes.size());
    bytes[at] ^= std::byte{0x04};
    set(name, bytes);
  }
  Result<tlog::LogReport> verify() {
    LedgerReader reader(fs_, kDirectory);
    return tlog::verify_log(reader, signer_.verifier_key());
  }
  // Opening says that the stored bytes do not fit, and leaves every one of them as it is.
  void expect_refused(Errc code = Errc::kCorrupt) {
    const Bytes segment = content("segments/" + segment_name(0));
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), code) << opened.error().message();
    EXPECT_EQ(content("segments/" + segment_name(0)), segment);
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  Expected expected_;
};

TEST_F(DamageTest, AFlippedHashAtTheEdgeOfTheTreeIsRefused) {
  make_published(300);
  flip("hashes/0", content("hashes/0").size() - 1);
  expect_refused();
}

TEST_F(DamageTest, AFlippedHashOfAHigherLevelIsRefused) {
  make_published(300);
  flip("hashes/1", 3);
  expect_refused();
}

TEST_F(DamageTest, AFlippedHashInAFullTileIsFoundByVerifierAndReader) {
  make_published(300);
  flip("hashes/0", 17 * 32 + 5);
  ASSERT_TRUE(open());
  const auto report = verify();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
  EXPECT_NE(report.error().message().find("tile/0/000"), std::string::npos) << report.error().message();
  LedgerReader reader(fs_, kDirectory);
  EXPECT_EQ(reader.read_entry({17}).error().code(), Errc::kCorrupt);
  EXPECT_TRUE(reader.read_entry({18}));
  const auto proof = tlog::inclusion_proof(reader, {16}, {expected_.size()});
  ASSERT_TRUE(proof);
  EXPECT_FALSE(tlog::verify_inclusion(expected_.leaf_hash(16), {16}, {expected_.size()}, *proof,
                                      expected_.root(expected_.size())));
}

TEST_F(DamageTest, AFlippedLeafInAnOldSegmentIsFoundByVerifierAndReader) {
  make_published(10);
  flip("segments/" + segment_name(0), kSegmentHeaderSize + kCommitHeaderSize + 3 * kEntrySize + kEntryHeaderSize + 7);
  ASSERT_TRUE(open());
  const auto report = verify();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
  LedgerReader reader(fs_, kDirectory);
  EXPECT_EQ(reader.read_entry({3}).error().code(), Errc::kCorrupt);
  EXPECT_TRUE(reader.read_entry({2}));
}

TEST_F(DamageTest, AFlippedByteInThePublishedPartOfTheLastSegmentIsRefused) {
  ASSERT_TRUE(open());
  commit(3);
  commit(3);
  publish();
  ledger_.reset();
  const std::size_t commit_size = kCommitHeaderSize + 3 * kEntrySize;
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{30}, kCommitHeaderSize + 60}) {
    for (const std::size_t commit : {std::size_t{0}, commit_size}) {
      const Bytes before = content("segments/" + segment_name(0));
      flip("segments/" + segment_name(0), kSegmentHeaderSize + commit + at);
      ASSERT_NO_FATAL_FAILURE(expect_refused());
      set("segments/" + segment_name(0), before);
    }
  }
  EXPECT_TRUE(open());
}

TEST_F(DamageTest, AFlippedByteInAnUnpublishedCommitBeforeAnotherIsRefused) {
  ASSERT_TRUE(open());
  commit(3);
  commit(3);
  ledger_.reset();
  // Were this taken for a torn commit, the acknowledged one after it would be removed with it.
  flip("segments/" + segment_name(0), kSegmentHeaderSize + kCommitHeaderSize + 60);
  expect_refused();
}

TEST_F(DamageTest, AFlippedByteInASegmentsHeaderIsRefused) {
  make_published(3);
  for (const std::size_t at : {0U, 8U, 20U, 40U, 63U}) {
    const std::string last = "segments/" + fs_.list("/ledger/segments")->back();
    const Bytes before = content(last);
    flip(last, at);
    ASSERT_NO_FATAL_FAILURE(expect_refused());
    set(last, before);
  }
}

TEST_F(DamageTest, AFlippedByteAnywhereInTheCheckpointIsRefused) {
  make_published(3);
  const Bytes good = content("checkpoint");
  for (std::size_t at = 0; at < good.size(); ++at) {
    flip("checkpoint", at);
    const auto opened = open();
    ASSERT_FALSE(opened) << at;
    ASSERT_TRUE(opened.error().code() == Errc::kVerifyFailed || opened.error().code() == Errc::kMalformed)
        << at << opened.error().message();
    set("checkpoint", good);
  }
  EXPECT_TRUE(open());
}

TEST_F(DamageTest, ATruncatedCheckpointIsRefused) {
  make_published(3);
  const Bytes good = content("checkpoint");
  // Without the line for receipts of COSE it is one of before there were any.
  const std::size_t first_line = as_chars(good).rfind("\n\u2014") + 1;
  for (std::size_t size = 0; size < good.size(); ++size) {
    set("checkpoint", ByteView(good).first(size));
    ASSERT_EQ(open().has_value(), size == first_line) << size;
  }
}

TEST_F(DamageTest, ShortenedHashesOrPositionsAreRefused) {
  make_published(300);
  for (const std::string name : {"hashes/0", "hashes/1", "positions"}) {
    const Bytes good = content(name);
    for (const std::size_t size : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      set(name, ByteView(good).first(size));
      ASSERT_NO_FATAL_FAILURE(expect_refused()) << name;
    }
    set(name, good);
  }
  EXPECT_TRUE(open());
}

TEST_F(DamageTest, BytesBeyondTheCheckpointInHashesAndPositionsAreForgotten) {
  make_published(300);
  const auto size = expected_.size();
  for (const std::string name : {"hashes/0", "hashes/1", "hashes/2", "positions"}) {
    Bytes longer = content(name);
    longer.insert(longer.end(), 777, std::byte{0xab});
    set(name, longer);
  }
  ASSERT_TRUE(open());
  commit(1);
  publish();
  expect_published(fs_, kDirectory, signer_, expected_, size + 1);
}

TEST_F(DamageTest, FlippedPositionsAreFoundByReaderAndVerifier) {
  make_published(10);
  flip("positions", 4 * kPositionSize + 4);
  ASSERT_TRUE(open());
  LedgerReader reader(fs_, kDirectory);
  EXPECT_EQ(reader.read_entry({4}).error().code(), Errc::kCorrupt);
  EXPECT_FALSE(verify());
}

TEST_F(DamageTest, AMissingSegmentIsRefused) {
  make_published(3);
  const auto names = *fs_.list("/ledger/segments");
  for (const std::string& name : names) {
    const Bytes good = content("segments/" + name);
    ASSERT_TRUE(fs_.remove("/ledger/segments/" + name));
    const auto opened = open();
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), Errc::kCorrupt);
    set("segments/" + name, good);
  }
  EXPECT_TRUE(open());
}

TEST_F(DamageTest, SegmentsShorterThanTheCheckpointAreRefused) {
  ASSERT_TRUE(open());
  commit(3);
  const auto before = content("segments/" + segment_name(0));
  commit(3);
  publish();
  ledger_.reset();
  set("segments/" + segment_name(0), before);  // rolled back, as a restored copy would be
  expect_refused();
}

TEST_F(DamageTest, ACheckpointThatIsGoneOrOlderThanItWasIsRefused) {
  ASSERT_TRUE(open());
  commit(3);
  publish();
  const Bytes older = content("checkpoint");
  commit(3);
  publish();
  commit(1);
  publish();
  ledger_.reset();
  const Bytes newest = content("checkpoint");
  set("checkpoint", older);
  expect_refused();
  ASSERT_TRUE(fs_.remove("/ledger/checkpoint"));
  expect_refused();
  set("checkpoint", newest);
  EXPECT_TRUE(open());
}

TEST_F(DamageTest, ASegmentUnderAnothersNameIsRefused) {
  make_published(3);
  const auto names = *fs_.list("/ledger/segments");
  set("segments/" + names.back(), content("segments/" + names.front()));
  expect_refused();
}

TEST_F(DamageTest, ACommitOfAnotherSegmentDoesNotCount) {
  // Two ledgers with the same entries differ in their salts, so one's commit is no commit in the other.
  ASSERT_TRUE(open());
  commit(3);
  commit(3);
  const Bytes foreign = content("segments/" + segment_name(0));
  ledger_.reset();

  FaultFileSystem other;
  auto ledger = *Ledger::open(other, kDirectory, signer_, clock_, small_segments());
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(ledger->add({}, expected_.entry(i).leaf, {}));
  ASSERT_TRUE(ledger->commit());
  ledger.reset();
  const std::string path = std::string(kDirectory) + "/segments/" + segment_name(0);
  Bytes mixed = *other.content(path);
  const std::size_t second = kSegmentHeaderSize + kCommitHeaderSize + 3 * kEntrySize;
  ASSERT_EQ(mixed.size(), foreign.size());
  for (std::size_t i = second; i < mixed.size(); ++i) mixed[i] = foreign[i];
  other.set_content(path, mixed);
  ledger = *Ledger::open(other, kDirectory, signer_, clock_, small_segments());
  EXPECT_EQ(ledger->committed().value, 3U);
}

// The last commit cut short at each of its bytes, in three ways that a crash can leave it.
TEST_F(DamageTest, ATornLastCommitIsRemovedAndAllBeforeItKept) {
  ASSERT_TRUE(open());
  commit(3);
  publish();
  const Bytes checkpoint = content("checkpoint");
  commit(2);
  const std::uint64_t acknowledged = expected_.size();
  const std::string name = "segments/" + segment_name(0);
  const Bytes before = content(name);
  commit(3, 17);
  const Bytes whole = content(name);
  ledger_.reset();
  const auto begin =
      static_cast<std::size_t>(std::mismatch(before.begin(), before.end(), whole.begin()).first - before.begin());
  const std::size_t end = begin + kCommitHeaderSize + 3 * (kEntryHeaderSize + 17);
  ASSERT_TRUE(std::all_of(whole.begin() + static_cast<std::ptrdiff_t>(end), whole.end(),
                          [](std::byte b) { return b == std::byte{0}; }));
  Expected kept = expected_;
  kept.cut_to(acknowledged);

  enum class Tear { kZeros, kGarbage, kEndOfFile };
  for (const Tear tear : {Tear::kZeros, Tear::kGarbage, Tear::kEndOfFile}) {
    for (std::size_t cut = begin; cut < end; ++cut) {
      SCOPED_TRACE("cut " + std::to_string(static_cast<int>(tear)) + " at byte " + std::to_string(cut - begin));
      Bytes torn = whole;
      const auto tail = torn.begin() + static_cast<std::ptrdiff_t>(cut);
      // The last bytes of the commit may be zeros that were written: then nothing is missing.
      if (tear == Tear::kZeros) std::fill(tail, torn.end(), std::byte{0});
      if (tear == Tear::kGarbage) std::for_each(tail, torn.begin() + end, [](std::byte& b) { b ^= std::byte{0x5a}; });
      if (tear == Tear::kEndOfFile) torn.erase(tail, torn.end());
      if (torn == whole) continue;
      set(name, torn);
      const auto opened = open();
      ASSERT_TRUE(opened) << opened.error().message();
      ASSERT_EQ(ledger_->committed().value, acknowledged);
      const Bytes cleared = content(name);
      ASSERT_TRUE(std::all_of(cleared.begin() + static_cast<std::ptrdiff_t>(begin), cleared.end(),
                              [](std::byte b) { return b == std::byte{0}; }));
      ASSERT_TRUE(ledger_->add({}, as_bytes("after"), {}));
      ASSERT_TRUE(ledger_->commit());
      publish();
      const auto report = verify();
      ASSERT_TRUE(report) << report.error().message();
      ASSERT_EQ(report->checkpoint.size.value, acknowledged + 1);
      Expected after = kept;
      after.add({{}, to_bytes(as_bytes("after")), {}});
      ASSERT_EQ(report->checkpoint.root, after.root(acknowledged + 1));
      // As it was, for the next cut.
      ledger_.reset();
      const auto last = fs_.list("/ledger/segments")->back();
      if (last != segment_name(0)) {
        ASSERT_TRUE(fs_.remove("/ledger/segments/" + last));
      }
      set("checkpoint", checkpoint);
    }
  }
}

// A torn commit may hold, in what a stranger sent, the bytes of a commit that would fit after the next one.
TEST_F(DamageTest, ACommitInsideATornCommitNeverCounts) {
  ASSERT_TRUE(open());
  commit(1);
  const std::string name = "segments/" + segment_name(0);
  const auto header = load_segment_header(ByteView(content(name)).first(kSegmentHeaderSize));
  ASSERT_TRUE(header);
  // Entry 1 is to be committed with a leaf of 100 bytes; this commit is for entry 2.
  Bytes inner(kCommitHeaderSize + kEntryHeaderSize);
  store_entry_header(MutableByteView(inner).subspan(kCommitHeaderSize), {});
  store_commit_header(MutableByteView(inner).first(kCommitHeaderSize), header->salt,
                      {.first = 2,
                       .entry_count = 1,
                       .payload_size = kEntryHeaderSize,
                       .oldest_open = 3,
                       .oldest_uncovered = 0,
                       .time_ms = clock_.wall_ms},
                      ByteView(inner).subspan(kCommitHeaderSize));
  Bytes leaf(100 + inner.size(), std::byte{'x'});
  std::copy(inner.begin(), inner.end(), leaf.begin() + 100);
  ASSERT_TRUE(ledger_->add({}, leaf, {}));
  ASSERT_TRUE(ledger_->commit());
  ledger_.reset();
  Bytes torn = content(name);
  torn[kSegmentHeaderSize + kCommitHeaderSize + kEntrySize + kCommitHeaderSize + kEntryHeaderSize] ^= std::byte{1};
  set(name, torn);

  ASSERT_TRUE(open());
  ASSERT_EQ(ledger_->committed().value, 1U);
  ASSERT_TRUE(ledger_->add({}, Bytes(100, std::byte{'y'}), {}));
  ASSERT_TRUE(ledger_->commit());
  ASSERT_TRUE(open());
  EXPECT_EQ(ledger_->committed().value, 2U);
}

TEST_F(DamageTest, StrangeFilesAmongTheSegmentsAreLeftAlone) {
  make_published(3);
  for (const char* name : {"segments/README", "segments/1.seg", "segments/000000000x.seg", "segments/9999999999.seg"}) {
    set(name, as_bytes("not ours"));
  }
  ASSERT_TRUE(open());
  EXPECT_EQ(ledger_->committed().value, expected_.size());
}

TEST_F(DamageTest, AnUnpublishedCommitWhoseEntriesDoNotFitItIsRefused) {
  ASSERT_TRUE(open());
  commit(1);
  const std::string name = "segments/" + segment_name(0);
  Bytes bytes = content(name);
  ledger_.reset();
  const auto header = load_segment_header(ByteView(bytes).first(kSegmentHeaderSize));
  const std::size_t at = kSegmentHeaderSize + kCommitHeaderSize + kEntrySize;
  const auto write = [&](std::uint32_t count, const EntryHeader& entry, std::size_t payload_size) {
    Bytes payload(payload_size);
    store_entry_header(MutableByteView(payload).first(kEntryHeaderSize), entry);
    const MutableByteView out = MutableByteView(bytes).subspan(at);
    store_commit_header(out.first(kCommitHeaderSize), header->salt,
                        {.first = 1,
                         .entry_count = count,
                         .payload_size = static_cast<std::uint32_t>(payload_size),
                         .oldest_open = 1 + count,
                         .oldest_uncovered = 0,
                         .time_ms = clock_.wall_ms},
                        payload);
    std::copy(payload.begin(), payload.end(), out.begin() + kCommitHeaderSize);
    set(name, bytes);
  };
  constexpr std::size_t kSize = kEntryHeaderSize + 50;
  write(1, {.leaf_size = 100, .index = 1}, kSize);  // an entry longer than the commit
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.leaf_size = 10, .index = 1}, kSize);  // a commit longer than its entry
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(2, {.leaf_size = 50, .index = 1}, kSize);  // an entry short
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.leaf_size = 70'000, .index = 1}, kSize);  // a leaf above the limit
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.leaf_size = 50, .index = 2}, kSize);  // an index left out
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.leaf_size = 50, .index = 0}, kSize);  // an index twice
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.log = 1, .leaf_size = 50}, kSize);  // a log that there is not
  ASSERT_NO_FATAL_FAILURE(expect_refused());
  write(1, {.leaf_size = 50, .index = 1}, kSize);
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace redoubt::ledger::test
