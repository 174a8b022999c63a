// Every place where the power can go, and every operation that can fail, in a life of a ledger; and what must hold
// after the restart.
#include <gtest/gtest.h>

#include <functional>

#include "base/log.h"
#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

using Effect = FaultFileSystem::Effect;
using Operation = FaultFileSystem::Operation;

constexpr const char* kDirectory = "/ledger";
constexpr const char* kSpare = "/ledger/spare.seg";

// Sets off the ledger's own warnings, which a thousand recoveries would print.
class CrashTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }
};

// A ledger on a disk that may fail, and what it has promised.
class Life {
 public:
  explicit Life(FaultFileSystem& fs) : fs_(fs) {}

  // False when it could not be opened.
  bool open() {
    ledger_.reset();
    auto ledger = Ledger::open(fs_, kDirectory, signer_, clock_, small_segments());
    if (!ledger) {
      open_error_ = ledger.error().message();
      return false;
    }
    ledger_ = *std::move(ledger);
    wait_for_spare();
    return true;
  }
  void close() { ledger_.reset(); }

  // Adds entries as one batch and commits. False when it could not: nothing of it was acknowledged.
  bool commit(const std::vector<std::pair<EntryKind, std::size_t>>& batch) {
    for (const auto& [kind, leaf_size] : batch) {
      if (!add(kind, leaf_size)) return false;
    }
    const bool done = ledger_->commit().has_value();
    if (done) acknowledged_ = expected_.size();
    wait_for_spare();
    return done;
  }

  bool publish() {
    const auto done = ledger_->publish();
    if (done) published_ = expected_.size();
    return done.has_value();
  }

  // Three admissions, one of them closed in the same commit, one later; small and large entries; two tile levels; a
  // segment that fills up.
  bool live() {
    using enum EntryKind;
    if (!open()) return false;
    std::vector<std::pair<EntryKind, std::size_t>> many(260, {kStandalone, 9});
    return commit({{kAdmission, 300}, {kAdmission, 5000}, {kStandalone, 1}}) &&         //
           commit({{kOutcome, 400}, {kStandalone, 9000}, {kStandalone, 0}}) &&          //
           publish() &&                                                                 //
           commit(many) &&                                                              //
           commit({{kAdmission, 20}, {kStandalone, 20'000}, {kStandalone, 19'000}}) &&  // begins a segment
           publish() &&                                                                 //
           commit({{kOutcome, 7}, {kStandalone, 4100}, {kAdmission, 8}});
  }

  // After a restart: opens, compares with what was promised, goes on living, and compares again.
  void expect_recovers() {
    // A checkpoint that others may have seen, whether or not publish() said so.
    const auto seen = read_checkpoint(fs_, kDirectory, signer_);
    ASSERT_GE(seen ? seen->size.value : 0, published_) << "a published checkpoint is gone";

    ASSERT_TRUE(open()) << open_error_;
    const std::uint64_t committed = ledger_->committed().value;
    ASSERT_GE(committed, acknowledged_) << "an acknowledged entry is gone";
    ASSERT_LE(committed, expected_.size());
    ASSERT_TRUE(committed == acknowledged_ || committed == expected_.size()) << "half a commit was kept";
    if (seen) {
      ASSERT_LE(seen->size.value, committed);
      ASSERT_EQ(seen->root, expected_.root(seen->size.value));
    }
    expected_.cut_to(committed);
    acknowledged_ = committed;
    ASSERT_EQ(indices_of(ledger_->open_admissions()), expected_.open_admissions(committed));

    ASSERT_TRUE(publish());
    if (committed != 0) expect_published(fs_, kDirectory, signer_, expected_, committed);
    if (seen) {
      LedgerReader reader(fs_, kDirectory);
      const auto proof = tlog::consistency_proof(reader, seen->size, {committed});
      ASSERT_TRUE(proof) << proof.error().message();
      ASSERT_TRUE(tlog::verify_consistency(seen->size, {committed}, *proof, seen->root, expected_.root(committed)));
    }
  }

  void expect_goes_on() {
    ASSERT_TRUE(commit({{EntryKind::kStandalone, 100}, {EntryKind::kAdmission, 30}}));
    ASSERT_TRUE(publish());
    ASSERT_TRUE(commit({{EntryKind::kOutcome, 10}}));
  }

  // After an operation failed: neither what was written nor a second try is trusted.
  void expect_refuses_everything() {
    if (ledger_ == nullptr) return;  // it refused to open
    const auto committed = ledger_->committed();
    EXPECT_FALSE(ledger_->add({}, as_bytes("later"), {}));
    const auto again = ledger_->commit();
    ASSERT_FALSE(again);
    ASSERT_EQ(again.error().code(), Errc::kUnavailable);
    const auto published = ledger_->publish();
    ASSERT_FALSE(published);
    ASSERT_EQ(published.error().code(), Errc::kUnavailable);
    ASSERT_EQ(ledger_->committed(), committed);
  }

  const Ledger& ledger() const { return *ledger_; }

 private:
  bool add(EntryKind kind, std::size_t leaf_size) {
    const std::uint64_t index = expected_.size();
    ExpectedEntry entry{.header = {.kind = kind, .exchange = exchange_id(index)}, .leaf = {}, .opening = {}};
    if (kind == EntryKind::kOutcome) {
      const std::uint64_t admission = expected_.open_admissions(index).back();
      entry.header.admission_index = admission;
      entry.header.exchange = exchange_id(admission);
    }
    entry.leaf.assign(leaf_size, static_cast<std::byte>(index * 31 + 1));
    if (index % 3 == 1) entry.opening.assign(50 + index % 7, std::byte{0xee});
    const auto added = ledger_->add(entry.header, entry.leaf, entry.opening);
    if (!added) return false;
    EXPECT_EQ(added->value, index);
    expected_.add(std::move(entry));
    return true;
  }

  // The next segment is made by another thread; waiting for it gives operations the same order each time.
  void wait_for_spare() {
    while (!fs_.struck() && ledger_ != nullptr && acknowledged_ == expected_.size() &&
           !fs_.is_synced(kSpare, small_segments().segment_bytes)) {
      std::this_thread::yield();
    }
  }

  FaultFileSystem& fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  std::string open_error_;
  Expected expected_;  // all that was added
  std::uint64_t acknowledged_ = 0;
  std::uint64_t published_ = 0;
};

std::uint64_t changes_of_a_life() {
  FaultFileSystem fs;
  Life life(fs);
  EXPECT_TRUE(life.live());
  return fs.changes();
}

// A life in which the nth change goes wrong; whether every promise asked for was given all the same.
bool live_with(Life& life, FaultFileSystem& fs, Effect effect, std::uint64_t nth) {
  fs.inject({.effect = effect, .operation = Operation::kAnyChange, .path_part = "", .nth = nth});
  const bool whole = life.live();
  EXPECT_TRUE(fs.struck());
  return whole;
}

TEST_F(CrashTest, ALifeIsLongEnoughToBeWorthIt) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.live());
  EXPECT_GE(fs.changes(), 70U);
  EXPECT_EQ(fs.count(Operation::kRename, "segments/"), 2U);
  EXPECT_EQ(fs.count(Operation::kRename, "checkpoint"), 2U);
  EXPECT_GE(fs.count(Operation::kWrite, "hashes/1"), 1U);
}

TEST_F(CrashTest, PowerMayGoAfterAnyChangeAndWhateverWasNotSyncedMayBeLost) {
  const std::uint64_t changes = changes_of_a_life();
  for (std::uint64_t nth = 1; nth <= changes; ++nth) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE("power goes after change " + std::to_string(nth) + ", seed " + std::to_string(seed));
      FaultFileSystem fs;
      Life life(fs);
      live_with(life, fs, seed % 2 == 0 ? Effect::kCrash : Effect::kCrashInside, nth);
      life.close();
      if (seed == 0) {
        fs.lose_power_and_all_unsynced();
      } else {
        fs.lose_power(seed * 1000 + nth);
      }
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      ASSERT_NO_FATAL_FAILURE(life.expect_goes_on());
      life.close();
      fs.lose_power(seed);
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
    }
  }
}

TEST_F(CrashTest, ProcessMayEndAfterAnyChangeAndThePowerGoLater) {
  const std::uint64_t changes = changes_of_a_life();
  for (std::uint64_t nth = 1; nth <= changes; ++nth) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE("process ends after change " + std::to_string(nth) + ", seed " + std::to_string(seed));
      FaultFileSystem fs;
      Life life(fs);
      live_with(life, fs, seed % 2 == 0 ? Effect::kCrash : Effect::kCrashInside, nth);
      life.close();
      fs.kill_process();
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      if (seed > 1) {
        ASSERT_NO_FATAL_FAILURE(life.expect_goes_on());
      }
      life.close();
      if (seed <= 1) {
        fs.lose_power_and_all_unsynced();
      } else {
        fs.lose_power(seed);
      }
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
    }
  }
}

TEST_F(CrashTest, PowerMayGoAgainDuringRecovery) {
  const std::uint64_t changes = changes_of_a_life();
  for (std::uint64_t first = 1; first <= changes; first += 2) {
    for (std::uint64_t second = 1; second <= 30; ++second) {
      SCOPED_TRACE("power goes after change " + std::to_string(first) + ", again " + std::to_string(second) + " later");
      FaultFileSystem fs;
      Life life(fs);
      live_with(life, fs, Effect::kCrashInside, first);
      life.close();
      fs.lose_power(first);
      fs.inject({.effect = Effect::kCrash, .operation = Operation::kAnyChange, .path_part = "", .nth = second});
      const bool opened = life.open();
      if (opened && !fs.struck()) break;
      life.close();
      fs.lose_power(second);
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      ASSERT_NO_FATAL_FAILURE(life.expect_goes_on());
    }
  }
}

TEST_F(CrashTest, AnyFailedOperationEndsTheLedgerAndNothingWrittenBeforeItIsTrustedUnread) {
  const std::uint64_t changes = changes_of_a_life();
  for (std::uint64_t nth = 1; nth <= changes; ++nth) {
    for (const Effect effect : {Effect::kFail, Effect::kShortWrite}) {
      SCOPED_TRACE("change " + std::to_string(nth) + (effect == Effect::kFail ? " fails" : " is cut short"));
      FaultFileSystem fs;
      Life life(fs);
      if (live_with(life, fs, effect, nth)) {
        // Only the preparation of a segment may fail unnoticed: it is made anew when it is needed.
        ASSERT_EQ(fs.struck_path(), kSpare);
      } else {
        ASSERT_NO_FATAL_FAILURE(life.expect_refuses_everything());
      }
      life.close();
      fs.kill_process();  // the system goes on, and with it the pages that only seem to be written
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      ASSERT_NO_FATAL_FAILURE(life.expect_goes_on());
      life.close();
      fs.lose_power_and_all_unsynced();
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
    }
  }
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

TEST_F(CrashTest, EachCommitSyncsTheSegmentOnceAndNothingElse) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.open());
  ASSERT_TRUE(life.commit({{EntryKind::kStandalone, 10}}));
  for (int i = 0; i < 20; ++i) {
    const auto syncs = fs.count(Operation::kSync, "");
    const auto segment_syncs = fs.count(Operation::kSync, "spare.seg");  // the name it was opened under
    const auto writes = fs.count(Operation::kWrite, "");
    const auto folders = fs.count(Operation::kSyncDirectory, "");
    ASSERT_TRUE(life.commit({{EntryKind::kAdmission, 1000}, {EntryKind::kStandalone, 300}, {EntryKind::kOutcome, 1}}));
    EXPECT_EQ(fs.count(Operation::kSync, ""), syncs + 1);
    EXPECT_EQ(fs.count(Operation::kSync, "spare.seg"), segment_syncs + 1);
    EXPECT_EQ(fs.count(Operation::kWrite, ""), writes + 1);
    EXPECT_EQ(fs.count(Operation::kSyncDirectory, ""), folders);
  }
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

}  // namespace
}  // namespace redoubt::ledger::test
