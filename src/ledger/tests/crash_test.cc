// Every place where the power can go, and every operation that can fail, in a life of a ledger; and what must hold
// after the restart. The sweeps are in fault_enumeration.h; here they run over a short script, the whole of each.
#include <gtest/gtest.h>

#include "base/log.h"
#include "ledger/tests/fault_enumeration.h"

namespace redoubt::ledger::test {
namespace {

constexpr std::uint64_t kShares = 4;

// Sets off the ledger's own warnings, which ten thousand recoveries would print.
class CrashTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }
};

class CrashSweep : public CrashTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  Share share() const { return {.index = GetParam(), .of = kShares}; }
};
INSTANTIATE_TEST_SUITE_P(Share, CrashSweep, ::testing::Range<std::uint64_t>(0, kShares));

TEST_F(CrashTest, TheScriptsAreWorthTheirSweeps) {
  {
    FaultFileSystem fs;
    Life life(fs);
    ASSERT_TRUE(life.live(mixed_script()));
    EXPECT_EQ(fs.count(Operation::kRename, "segments/"), 3U);
    EXPECT_EQ(fs.count(Operation::kRename, "checkpoint"), 3U);
    EXPECT_EQ(life.promises().seen.size(), 3U);
    EXPECT_EQ(life.ledger().open_admissions().size(), 1U);
    EXPECT_GE(fs.changes(), 90U);
  }
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.live(tile_script()));
  EXPECT_EQ(fs.count(Operation::kWrite, "hashes/1"), 1U);
  EXPECT_EQ(life.promises().entries.root(263), naive_root(life.promises().entries.leaf_hashes()));
}

TEST_P(CrashSweep, PowerMayGoInsideAndAfterAnyChangeAndKeepAnyPartOfWhatWasNotSynced) {
  sweep_power_losses(mixed_script(), share(), {.exhaustive_up_to = 8, .seeds = 3});
}

TEST_P(CrashSweep, PowerMayGoWhileHashesOfTwoLevelsAreWritten) {
  sweep_power_losses(tile_script(), share(), {.exhaustive_up_to = 3, .seeds = 1});
}

TEST_P(CrashSweep, ProcessMayEndInsideAndAfterAnyChangeAndThePowerGoLater) {
  sweep_process_ends(mixed_script(), share(), {.seeds = 3});
}

TEST_P(CrashSweep, AnyFailedOperationEndsTheLedgerAndNothingWrittenBeforeItIsTrusted) {
  sweep_failures(mixed_script(), share());
}

TEST_P(CrashSweep, PagesThatAFailedSyncLeftBehindMayBeDroppedWheneverTheSystemLikes) {
  sweep_dropped_pages(mixed_script(), share());
}

TEST_P(CrashSweep, RecoveryMayItselfCrashOrFailAtAnyOperation) {
  sweep_faults_in_recovery(mixed_script(), share(), {.seeds = 1});
}

TEST_F(CrashTest, AFailedSyncOfTheSegmentIsNotMendedByAnother) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
  // The file was opened under its spare name, and keeps that name here.
  fs.inject({.effect = Effect::kFail, .operation = Operation::kSync, .path_part = "spare.seg"});
  ASSERT_FALSE(life.commit({{EntryKind::kStandalone, 20}}));
  ASSERT_TRUE(fs.struck());
  life.expect_refuses_everything();
}

TEST_F(CrashTest, AFailedSyncDuringPublicationPublishesNothing) {
  for (const char* path : {"hashes/0", "positions", "checkpoint.new"}) {
    SCOPED_TRACE(path);
    FaultFileSystem fs;
    Life life(fs);
    ASSERT_TRUE(life.open());
    ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
    fs.inject({.effect = Effect::kFail, .operation = Operation::kSync, .path_part = path});
    ASSERT_FALSE(life.publish());
    ASSERT_TRUE(fs.struck());
    EXPECT_FALSE(fs.content("/ledger/checkpoint"));
    EXPECT_EQ(life.ledger().published().value, 0U);
    ASSERT_NO_FATAL_FAILURE(life.expect_refuses_everything());
    life.close();
    fs.kill_process();
    ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
  }
}

// --- how many syncs there are, exactly

struct Syncs {
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t writes = 0;
  bool operator==(const Syncs&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Syncs& syncs) {
  return out << syncs.files << " files, " << syncs.folders << " folders, " << syncs.writes << " writes";
}

// What `work` syncs and writes, the preparation of the next segment left out.
Syncs syncs_of(FaultFileSystem& fs, const std::function<bool()>& work) {
  const auto now = [&] {
    return Syncs{fs.count(Operation::kSync, ""), fs.count(Operation::kSyncDirectory, ""),
                 fs.count(Operation::kWrite, "")};
  };
  const Syncs before = now();
  EXPECT_TRUE(work());
  const Syncs after = now();
  return {after.files - before.files, after.folders - before.folders, after.writes - before.writes};
}

TEST_F(CrashTest, EachCommitWritesAndSyncsTheSegmentOnceAndNothingElse) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
  for (int i = 0; i < 10; ++i) {
    const auto segment_syncs = fs.count(Operation::kSync, "spare.seg");  // the name it was opened under
    EXPECT_EQ(syncs_of(fs,
                       [&] {
                         return life.commit(
                             {{EntryKind::kAdmission, 900}, {EntryKind::kStandalone, 30}, {EntryKind::kOutcome, 1}});
                       }),
              (Syncs{.files = 1, .folders = 0, .writes = 1}));
    EXPECT_EQ(fs.count(Operation::kSync, "spare.seg"), segment_syncs + 1);
  }
}

TEST_F(CrashTest, AReopenedSegmentIsSyncedOnceACommitToo) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
  ASSERT_TRUE(life.open());
  const auto segment_syncs = fs.count(Operation::kSync, "segments/");
  EXPECT_EQ(syncs_of(fs, [&] { return life.commit({{EntryKind::kStandalone, 10}}); }),
            (Syncs{.files = 1, .folders = 0, .writes = 1}));
  EXPECT_EQ(fs.count(Operation::kSync, "segments/"), segment_syncs + 1);
}

TEST_F(CrashTest, APublicationSyncsEachFileThatGrewAndTheCheckpointAndItsFolder) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit(Batch(150, {EntryKind::kStandalone, 5})));
  // hashes/0, positions, checkpoint.new.
  EXPECT_EQ(syncs_of(fs, [&] { return life.publish(); }), (Syncs{.files = 3, .folders = 1, .writes = 3}));
  ASSERT_TRUE(life.commit(Batch(106, {EntryKind::kStandalone, 5})));
  // hashes/1 as well: 256 entries are a hash of the next level.
  EXPECT_EQ(syncs_of(fs, [&] { return life.publish(); }), (Syncs{.files = 4, .folders = 1, .writes = 4}));
  EXPECT_EQ(syncs_of(fs, [&] { return life.publish(); }), Syncs{}) << "nothing was new";
}

TEST_F(CrashTest, ASegmentThatBeginsSyncsItsHeaderAndTheFoldersOfItsTwoNames) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 11'000}}));
  // The header, and the next spare of one piece; then the commit as ever.
  EXPECT_EQ(syncs_of(fs, [&] { return life.commit({{EntryKind::kStandalone, 9000}}); }),
            (Syncs{.files = 1 + 1 + 1, .folders = 2, .writes = 1 + 1 + 1}));
  EXPECT_EQ(fs.count(Operation::kRename, "segments/"), 2U);
}

TEST_F(CrashTest, AnEmptyCommitDoesNothing) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  const auto changes = fs.changes();
  ASSERT_TRUE(life.commit({}));
  ASSERT_TRUE(life.publish());
  EXPECT_EQ(fs.changes(), changes);
}

// --- the next segment

TEST_F(CrashTest, APreparationThatFailedIsTriedAgainWhenTheSegmentIsNeeded) {
  for (const Operation operation : {Operation::kCreate, Operation::kAllocate, Operation::kWrite, Operation::kSync}) {
    SCOPED_TRACE(static_cast<int>(operation));
    FaultFileSystem fs;
    Life life(fs);
    fs.inject({.effect = Effect::kFail, .operation = operation, .path_part = "spare.seg"});
    ASSERT_TRUE(life.open());
    ASSERT_TRUE(fs.struck());
    EXPECT_EQ(*life.ledger().room_bytes(), *fs.free_bytes("/ledger") - tiny_segments().segment_bytes);
    ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
    EXPECT_EQ(*life.ledger().room_bytes(), *fs.free_bytes("/ledger"));
    ASSERT_NO_FATAL_FAILURE(life.expect_proves());
  }
}

TEST_F(CrashTest, APreparationThatFailedGivesItsRoomBackAndCanBeBegunAgain) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  fs.set_free_bytes(10'000);
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));  // takes the one there is
  EXPECT_EQ(*fs.free_bytes("/ledger"), 10'000U);
  EXPECT_EQ(*life.ledger().room_bytes(), 0U) << "it lacks more than there is";
  ASSERT_TRUE(life.publish()) << "what is left is enough for hashes and checkpoint";
  fs.set_free_bytes(100'000);
  EXPECT_EQ(*life.ledger().room_bytes(), 100'000 - tiny_segments().segment_bytes);
  life.ledger().prepare_next_segment();
  EXPECT_EQ(*life.ledger().room_bytes(), 100'000 - tiny_segments().segment_bytes);
  EXPECT_EQ(*fs.free_bytes("/ledger"), 100'000 - tiny_segments().segment_bytes);
  life.ledger().prepare_next_segment();  // nothing to do
  EXPECT_EQ(*fs.free_bytes("/ledger"), 100'000 - tiny_segments().segment_bytes);
}

TEST_F(CrashTest, WithoutRoomForASegmentThatIsNeededTheLedgerEndsAndRecoversWhenThereIsRoom) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  fs.set_free_bytes(10'000);
  ASSERT_TRUE(life.commit({{EntryKind::kAdmission, 11'000}}));
  EXPECT_FALSE(life.commit({{EntryKind::kStandalone, 9000}}));
  ASSERT_NO_FATAL_FAILURE(life.expect_refuses_everything());
  life.close();
  fs.kill_process();
  fs.set_free_bytes(1'000'000);
  ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
}

}  // namespace
}  // namespace redoubt::ledger::test
