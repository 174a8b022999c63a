#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "ledger/tests/support.h"
#include "tests/support/temp_dir.h"

namespace redoubt::ledger::test {
namespace {

// A ledger in a folder of the machine's own file system, and what went into it.
class LedgerTest : public ::testing::Test {
 protected:
  void open(LedgerOptions options = small_segments()) {
    ledger_.reset();
    auto ledger = Ledger::open(fs_, directory(), signer_, clock_, options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = *std::move(ledger);
  }

  std::uint64_t add(EntryKind kind, std::string_view leaf, std::string_view opening = {}, std::uint64_t admission = 0) {
    const std::uint64_t index = expected_.size();
    const EntryHeader header{.kind = kind,
                             .exchange = exchange_id(kind == EntryKind::kOutcome ? admission : index),
                             .admission_index = admission};
    const auto added = ledger_->add(header, as_bytes(leaf), as_bytes(opening));
    EXPECT_TRUE(added) << added.error().message();
    EXPECT_EQ(added->value, index);
    expected_.add({header, to_bytes(as_bytes(leaf)), to_bytes(as_bytes(opening))});
    return index;
  }
  // Numbered entries up to this size, in batches.
  void fill_to(std::uint64_t size, std::size_t batch = 500) {
    while (expected_.size() < size) {
      for (std::size_t i = 0; i < batch && expected_.size() < size; ++i) {
        add(EntryKind::kStandalone, "entry " + std::to_string(expected_.size()));
      }
      ASSERT_TRUE(ledger_->commit());
    }
  }
  void publish() {
    const auto published = ledger_->publish();
    ASSERT_TRUE(published) << published.error().message();
  }
  std::string directory() const { return temp_ / "ledger"; }

  testing_support::TempDir temp_;
  PosixFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  Expected expected_;
};

TEST_F(LedgerTest, IsEmptyAtFirstAndPublishesNothing) {
  open();
  EXPECT_EQ(ledger_->committed().value, 0U);
  EXPECT_EQ(ledger_->published().value, 0U);
  EXPECT_EQ(ledger_->origin(), "example.org/log");
  const auto published = ledger_->publish();
  ASSERT_TRUE(published);
  EXPECT_FALSE(*published);
  LedgerReader reader(fs_, directory());
  EXPECT_EQ(reader.checkpoint().error().code(), Errc::kNotFound);
  EXPECT_TRUE(LedgerReader::is_ledger(fs_, directory()));
  EXPECT_FALSE(LedgerReader::is_ledger(fs_, temp_.path()));
}

TEST_F(LedgerTest, KeepsWhatWasCommittedAcrossReopening) {
  open();
  add(EntryKind::kAdmission, "one", "sealed one");
  add(EntryKind::kStandalone, "two");
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(ledger_->committed().value, 2U);
  EXPECT_EQ(ledger_->published().value, 0U);
  open();
  EXPECT_EQ(ledger_->committed().value, 2U);
  publish();
  EXPECT_EQ(ledger_->published().value, 2U);
  expect_published(fs_, directory(), signer_, expected_, 2);
  add(EntryKind::kOutcome, "three", "sealed three", 0);
  ASSERT_TRUE(ledger_->commit());
  publish();
  open();
  EXPECT_EQ(ledger_->published().value, 3U);
  expect_published(fs_, directory(), signer_, expected_, 3);
}

// On a disk that takes no time, the hashing of a large commit ends after its write.
TEST_F(LedgerTest, ALargeCommitHasTheHashesOfItsLeavesHoweverFastTheDisk) {
  FaultFileSystem fs;
  auto ledger = *Ledger::open(fs, "/ledger", signer_, clock_, {.segment_bytes = 64 * 1024 * 1024});
  for (std::uint64_t round = 0; round < 200; ++round) {
    std::vector<tlog::Hash> hashes;
    for (std::uint64_t i = 0; i < 20; ++i) {
      const Bytes leaf(i == 0 ? 60'001 : 700, static_cast<std::byte>(round * 7 + i));
      hashes.push_back(tlog::leaf_hash(leaf));
      ASSERT_TRUE(ledger->add({}, leaf, {}));
    }
    ASSERT_TRUE(ledger->commit());
    const auto committed = ledger->last_commit();
    ASSERT_EQ(committed.size(), hashes.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) ASSERT_EQ(committed[i].leaf_hash, hashes[i]) << round << " " << i;
  }
}

TEST_F(LedgerTest, ForgetsABatchThatWasNotCommitted) {
  open();
  add(EntryKind::kStandalone, "kept");
  ASSERT_TRUE(ledger_->commit());
  ASSERT_TRUE(ledger_->add({}, as_bytes("not kept"), {}));
  open();
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(LedgerTest, ReplaysCommitsBeyondTheCheckpoint) {
  open();
  fill_to(300);
  publish();
  fill_to(700, 7);
  open();
  EXPECT_EQ(ledger_->published().value, 300U);
  EXPECT_EQ(ledger_->committed().value, 700U);
  publish();
  expect_published(fs_, directory(), signer_, expected_, 700);
}

TEST_F(LedgerTest, ProofsAndVerifierHoldAtSizesAroundTileBoundaries) {
  open();
  std::optional<tlog::Checkpoint> before;
  for (const std::uint64_t size : {1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U, 1000U}) {
    SCOPED_TRACE(size);
    fill_to(size, 100);
    publish();
    ASSERT_NO_FATAL_FAILURE(expect_published(fs_, directory(), signer_, expected_, size));
    EXPECT_EQ(expected_.root(size), naive_root(expected_.leaf_hashes()));
    const auto checkpoint = read_checkpoint(fs_, directory(), signer_);
    if (before) {
      LedgerReader reader(fs_, directory());
      const auto proof = tlog::consistency_proof(reader, before->size, checkpoint->size);
      ASSERT_TRUE(proof);
      EXPECT_TRUE(tlog::verify_consistency(before->size, checkpoint->size, *proof, before->root, checkpoint->root));
    }
    before = checkpoint;
    open();
    EXPECT_EQ(ledger_->committed().value, size);
  }
}

TEST_F(LedgerTest, ProofsAndVerifierHoldWithThreeLevelsOfTiles) {
  open({.segment_bytes = 9 * 1024 * 1024});
  fill_to(65'536, 2000);
  publish();
  fill_to(66'000, 2000);
  publish();
  expect_published(fs_, directory(), signer_, expected_, 66'000);
  EXPECT_EQ(expected_.root(66'000), naive_root(expected_.leaf_hashes()));
  open({.segment_bytes = 9 * 1024 * 1024});
  EXPECT_EQ(ledger_->committed().value, 66'000U);
}

TEST_F(LedgerTest, GoesOnInANewSegmentWhenOneIsFull) {
  open();
  const std::string large(30'000, 'x');
  for (int i = 0; i < 7; ++i) {
    add(EntryKind::kStandalone, large);
    ASSERT_TRUE(ledger_->commit());
  }
  publish();
  const auto segments = fs_.list(directory() + "/segments");
  ASSERT_TRUE(segments);
  EXPECT_EQ(*segments, (std::vector<std::string>{segment_name(0), segment_name(1), segment_name(2), segment_name(3)}));
  expect_published(fs_, directory(), signer_, expected_, 7);
  open();
  EXPECT_EQ(ledger_->committed().value, 7U);
}

TEST_F(LedgerTest, AReaderFollowsTheWriterIntoNewSegments) {
  open();
  LedgerReader reader(fs_, directory());
  const std::string large(30'000, 'x');
  for (std::uint64_t i = 0; i < 6; ++i) {
    add(EntryKind::kStandalone, large + std::to_string(i), "sealed");
    ASSERT_TRUE(ledger_->commit());
    publish();
    const auto entry = reader.read_entry({i});
    ASSERT_TRUE(entry) << entry.error().message();
    EXPECT_EQ(entry->leaf, expected_.entry(i).leaf);
    EXPECT_EQ(as_chars(entry->sealed_opening), "sealed");
  }
}

TEST_F(LedgerTest, TakesTheLargestEntryAndEmptyOnes) {
  open({.segment_bytes = 9 * 1024 * 1024});
  add(EntryKind::kStandalone, std::string(kMaxLeafBytes, 'l'), std::string(kMaxOpeningBytes, 'o'));
  add(EntryKind::kStandalone, "");
  ASSERT_TRUE(ledger_->commit());
  publish();
  expect_published(fs_, directory(), signer_, expected_, 2);
}

TEST_F(LedgerTest, ACommitSaysIndicesAndLeafHashesOfItsEntriesWhetherSmallOrLarge) {
  open({.segment_bytes = 9 * 1024 * 1024});
  for (const std::size_t leaf_size : {10u, 40'000u, 60'000u, 1u, 65'535u}) {
    const std::uint64_t first = expected_.size();
    for (int i = 0; i < 3; ++i) add(EntryKind::kStandalone, std::string(leaf_size, static_cast<char>('a' + i)));
    ASSERT_TRUE(ledger_->commit());
    const std::span<const Appended> entries = ledger_->last_commit();
    ASSERT_EQ(entries.size(), 3u);
    for (std::uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(entries[i].index.value, first + i);
      EXPECT_EQ(entries[i].leaf_hash, expected_.leaf_hash(first + i));
    }
  }
  publish();
  expect_published(fs_, directory(), signer_, expected_, expected_.size());
}

TEST_F(LedgerTest, RefusesAnEntryWhoseHeaderDoesNotFitItsSize) {
  open();
  const auto submit = [&](std::size_t size, std::uint32_t leaf, std::uint32_t opening) {
    MutableByteView room = ledger_->begin_entry(size);
    std::fill(room.begin(), room.end(), std::byte{0});
    store_entry_header(room.first(kEntryHeaderSize), {.leaf_size = leaf, .opening_size = opening});
    return ledger_->end_entry();
  };
  EXPECT_EQ(submit(kEntryHeaderSize + 10, 11, 0).error().code(), Errc::kMalformed);
  EXPECT_EQ(submit(kEntryHeaderSize + 10, 9, 0).error().code(), Errc::kMalformed);
  EXPECT_EQ(submit(kEntryHeaderSize + 10, 5, 6).error().code(), Errc::kMalformed);
  EXPECT_EQ(submit(kEntryHeaderSize, UINT32_MAX, 0).error().code(), Errc::kMalformed);
  EXPECT_EQ(submit(kEntryHeaderSize, 0, UINT32_MAX).error().code(), Errc::kMalformed);
  EXPECT_EQ(ledger_->batch_entries(), 0U);
  add(EntryKind::kStandalone, "good");
  ASSERT_TRUE(ledger_->commit());
  publish();
  expect_published(fs_, directory(), signer_, expected_, 1);
}

TEST_F(LedgerTest, BatchRoomIsWhatTheBatchCanStillTake) {
  open();
  const std::size_t room = ledger_->batch_room();
  add(EntryKind::kStandalone, std::string(1000, 'x'));
  EXPECT_EQ(ledger_->batch_room(), room - kEntryHeaderSize - 1000);
  add(EntryKind::kStandalone, std::string(ledger_->batch_room() - kEntryHeaderSize, 'x'));
  EXPECT_EQ(ledger_->batch_room(), 0U);
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(ledger_->batch_room(), room);
}

TEST_F(LedgerTest, RefusesSegmentsOfASizeItCannotUse) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{9} * 1024 * 1024 - 1, (std::uint64_t{1} << 31) + 1}) {
    EXPECT_EQ(Ledger::open(fs_, directory(), signer_, clock_, {.segment_bytes = size}).error().code(),
              Errc::kInvalidArgument);
  }
}

TEST_F(LedgerTest, OpenAdmissionsSurviveARestartInOrder) {
  open();
  for (int i = 0; i < 5; ++i) add(EntryKind::kAdmission, "admission");
  add(EntryKind::kOutcome, "outcome", {}, 1);
  add(EntryKind::kOutcome, "outcome", {}, 3);
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(indices_of(ledger_->open_admissions()), (std::vector<std::uint64_t>{0, 2, 4}));
  EXPECT_EQ(ledger_->open_admissions()[1].exchange, exchange_id(2));
  open();
  EXPECT_EQ(indices_of(ledger_->open_admissions()), (std::vector<std::uint64_t>{0, 2, 4}));
  EXPECT_EQ(ledger_->open_admissions()[1].exchange, exchange_id(2));
  add(EntryKind::kOutcome, "outcome", {}, 0);
  ASSERT_TRUE(ledger_->commit());
  publish();
  // Far behind, in another segment.
  const std::string large(30'000, 'x');
  for (int i = 0; i < 5; ++i) {
    add(EntryKind::kStandalone, large);
    ASSERT_TRUE(ledger_->commit());
  }
  publish();
  open();
  EXPECT_EQ(indices_of(ledger_->open_admissions()), (std::vector<std::uint64_t>{2, 4}));
  add(EntryKind::kOutcome, "outcome", {}, 2);
  add(EntryKind::kOutcome, "outcome", {}, 4);
  ASSERT_TRUE(ledger_->commit());
  open();
  EXPECT_TRUE(ledger_->open_admissions().empty());
}

TEST_F(LedgerTest, RefusesAnOutcomeOfNoOpenAdmission) {
  open();
  const auto admission = add(EntryKind::kAdmission, "admission");
  const auto standalone = add(EntryKind::kStandalone, "standalone");
  ASSERT_TRUE(ledger_->commit());
  const auto outcome = [&](std::uint64_t index, std::uint64_t exchange) {
    const EntryHeader header{.kind = EntryKind::kOutcome, .exchange = exchange_id(exchange), .admission_index = index};
    return ledger_->add(header, as_bytes("outcome"), {});
  };
  EXPECT_EQ(outcome(99, admission).error().code(), Errc::kMalformed);             // no such entry
  EXPECT_EQ(outcome(2, admission).error().code(), Errc::kMalformed);              // itself
  EXPECT_EQ(outcome(standalone, standalone).error().code(), Errc::kMalformed);    // not an admission
  EXPECT_EQ(outcome(admission, admission + 1).error().code(), Errc::kMalformed);  // of another exchange
  EXPECT_EQ(outcome(UINT64_MAX, admission).error().code(), Errc::kMalformed);
  add(EntryKind::kOutcome, "outcome", {}, admission);
  EXPECT_EQ(outcome(admission, admission).error().code(), Errc::kMalformed);  // closed in the same batch
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(outcome(admission, admission).error().code(), Errc::kMalformed);  // closed before
  EXPECT_EQ(ledger_->batch_entries(), 0U);
}

TEST_F(LedgerTest, CommitTimeNeverRunsBackwards) {
  open();
  const auto first = clock_.wall_ms.load();
  add(EntryKind::kStandalone, "one");
  ASSERT_TRUE(ledger_->commit());
  clock_.wall_ms = first - 1'000'000;
  add(EntryKind::kStandalone, "two");
  ASSERT_TRUE(ledger_->commit());
  EXPECT_EQ(ledger_->last_commit_time().value, first);
  publish();
  open();
  EXPECT_EQ(ledger_->last_commit_time().value, first);
  EXPECT_EQ(ledger_->committed().value, 2U);
}

TEST_F(LedgerTest, RefusesACheckpointOfAnotherSignerOrOrigin) {
  open();
  fill_to(3);
  publish();
  ledger_.reset();
  const auto other_key = make_signer("example.org/log", 8);
  EXPECT_EQ(Ledger::open(fs_, directory(), other_key, clock_, small_segments()).error().code(), Errc::kVerifyFailed);
  const auto other_name = make_signer("example.org/other", 7);
  EXPECT_EQ(Ledger::open(fs_, directory(), other_name, clock_, small_segments()).error().code(), Errc::kVerifyFailed);
}

TEST_F(LedgerTest, ReaderKnowsOnlyItsOwnResources) {
  open();
  fill_to(300);
  publish();
  LedgerReader reader(fs_, directory());
  EXPECT_TRUE(reader.fetch("checkpoint", 10'000));
  EXPECT_TRUE(reader.fetch("tile/0/000", 10'000));
  EXPECT_TRUE(reader.fetch("tile/0/001.p/44", 10'000));
  EXPECT_TRUE(reader.fetch("tile/1/000.p/1", 10'000));
  EXPECT_TRUE(reader.fetch("tile/entries/001.p/44", 10'000));
  for (const char* path :
       {"", "/checkpoint", "checkpoint/", "positions", "hashes/0", "../ledger/checkpoint", "tile/0/002", "tile/0/001",
        "tile/0/001.p/45", "tile/1/000", "tile/2/000.p/1", "tile/9/000", "tile/63/000", "tile/entries/001",
        "tile/entries/002", "tile/x/000", "tile/0/0", "tile/", "tile/entries/",
        // Indices whose byte offsets exceed 64 bits: 2^51, 2^56, 2^64 - 1.
        "tile/0/x002/x251/x799/x813/x685/248", "tile/entries/x072/x057/x594/x037/x927/936.p/1",
        "tile/entries/x072/x057/x594/x037/x927/936", "tile/entries/x018/x446/x744/x073/x709/x551/615",
        "tile/0/x018/x446/x744/x073/x709/x551/615.p/1"}) {
    const auto fetched = reader.fetch(path, 1 << 20);
    ASSERT_FALSE(fetched) << path;
    EXPECT_EQ(fetched.error().code(), Errc::kNotFound) << path;
  }
  EXPECT_EQ(reader.fetch("tile/0/000", 8191).error().code(), Errc::kTooLarge);
  for (const std::uint64_t index : {std::uint64_t{300}, std::uint64_t{1} << 62, UINT64_MAX}) {
    EXPECT_EQ(reader.read_entry({index}).error().code(), Errc::kNotFound) << index;
  }
}

// Random batches, publications and restarts, from a seed that is printed; the tree is that of the plain definition.
TEST_F(LedgerTest, BatchingAndRestartsDoNotChangeTheRoot) {
  const char* given = std::getenv("REDOUBT_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("REDOUBT_TEST_SEED=" + std::to_string(seed));
  std::printf("REDOUBT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  open();
  for (int step = 0; step < 200; ++step) {
    const std::uint64_t batch = below(4) == 0 ? below(200) : below(5);
    for (std::uint64_t i = 0; i < batch; ++i) {
      const std::string leaf(below(50) == 0 ? below(3000) : below(60), static_cast<char>('a' + below(26)));
      if (ledger_->batch_room() < leaf.size() + kEntryHeaderSize + 100) break;
      const auto open = expected_.open_admissions(expected_.size());
      const std::uint64_t kind = open.size() > 20 ? 2 : below(4);
      if (kind == 2 && !open.empty()) {
        add(EntryKind::kOutcome, leaf, "sealed", open[below(open.size())]);
      } else if (kind == 3) {
        add(EntryKind::kFact, leaf, below(2) == 0 ? "sealed" : "");
      } else {
        add(kind == 1 ? EntryKind::kAdmission : EntryKind::kStandalone, leaf);
      }
    }
    ASSERT_TRUE(ledger_->commit());
    if (below(3) == 0) publish();
    if (below(8) == 0) {
      open();
      ASSERT_EQ(ledger_->committed().value, expected_.size());
      ASSERT_EQ(indices_of(ledger_->open_admissions()), expected_.open_admissions(expected_.size()));
    }
  }
  publish();
  ASSERT_EQ(expected_.root(expected_.size()), naive_root(expected_.leaf_hashes()));
  expect_published(fs_, directory(), signer_, expected_, expected_.size());
}

}  // namespace
}  // namespace redoubt::ledger::test
