#include "state/snapshot.h"

#include "state/rebuild.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

class SnapshotTest : public StateTest {
 protected:
  void SetUp() override {
    open_or_fail();
    fill("item", 100);
  }
  void fill(const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) {
      // Long enough for several parts.
      change_or_fail(create(prefix + std::to_string(i), i,
                            prefix + " \"note\" \\ \n\xE2\x82\xAC " + std::to_string(i) + std::string(2000, 'n')));
    }
  }
  Result<SnapshotWritten> snapshot() {
    std::optional<Result<SnapshotWritten>> answer;
    write_snapshot(*engine, {.principal = "redoubt"},
                   [&](Result<SnapshotWritten> written) { answer = std::move(written); });
    ledger.deliver();
    if (!answer) return Error(Errc::kDeadlineExceeded, "there was no answer");
    return *answer;
  }
  // The tables as made from what the ledger still has.
  void expect_rebuilt_the_same() {
    const auto live = *engine->table_digests();
    engine.reset();
    fs::remove(path);
    open_or_fail();
    EXPECT_EQ(*engine->table_digests(), live);
    expect_memory_is_as_loaded();
    EXPECT_EQ(integrity(path), "ok");
  }
};

TEST_F(SnapshotTest, EntriesBeforeItMayBeDeleted) {
  auto written = snapshot();
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(written->applied, 99U);
  EXPECT_GT(written->parts, 2U);
  change_or_fail(add("item3", 7, 1));
  const auto before = deletable_before(engine->tables());
  ASSERT_EQ(before, 100U);
  ledger.drop_before(*before);
  expect_rebuilt_the_same();
  EXPECT_EQ(engine->start().replayed, written->parts + 2);  // its own facts, and the one after it
}

TEST_F(SnapshotTest, IsOfOneMomentWhileChangesGoOn) {
  std::optional<Result<SnapshotWritten>> answer;
  write_snapshot(*engine, {.principal = "redoubt"},
                 [&](Result<SnapshotWritten> written) { answer = std::move(written); });
  int changes = 0;
  ledger.after_append = [&] {
    if (++changes % 2 != 0)
      engine->propose(add("item" + std::to_string(changes), 100, 1), [](const Result<Applied>&) {});
  };
  ledger.deliver();
  ledger.after_append = {};
  ASSERT_TRUE(answer && *answer) << (answer ? answer->error().message() : "no answer");
  ASSERT_GT(changes, 4);
  EXPECT_EQ((*answer)->applied, 99U);
  ledger.drop_before(100);
  expect_rebuilt_the_same();
}

TEST_F(SnapshotTest, TheNewestWholeOneIsUsed) {
  ASSERT_TRUE(snapshot());
  fill("later", 20);
  auto second = snapshot();
  ASSERT_TRUE(second) << second.error().message();
  change_or_fail(add("later3", 7, 1));
  ledger.drop_before(100);
  engine.reset();
  auto report = rebuild(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->snapshot, second->end);
  EXPECT_TRUE(report->equal());
}

TEST_F(SnapshotTest, OneThatWasNotFinishedIsPassedOver) {
  auto first = snapshot();
  ASSERT_TRUE(first);
  fill("later", 20);
  // The ledger fills up in the middle of the second.
  int parts = 0;
  ledger.before_append = [&] {
    if (++parts == 3) ledger.fail_next = {.error = Error(Errc::kResourceExhausted, "the disk is nearly full")};
  };
  auto second = snapshot();
  ledger.before_append = {};
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(deletable_before(engine->tables()), 100U);
  ledger.drop_before(100);
  engine.reset();
  auto report = rebuild(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->snapshot, first->end);
  EXPECT_TRUE(report->equal());
}

TEST_F(SnapshotTest, OneWhoseRowsWereErasedIsPassedOver) {
  auto first = snapshot();
  ASSERT_TRUE(first);
  change_or_fail(erasure(7, {"note"}, 0));
  auto second = snapshot();
  ASSERT_TRUE(second);
  // The erasure is complete once the parts that still hold the value are erased, too.
  for (std::uint64_t index = 100; index < 100 + first->parts; ++index) {
    change_or_fail(erasure(index, {"rows"}, 0));
    ledger.destroy_opening(index);
  }
  ledger.drop_before(100);
  expect_rebuilt_the_same();
  EXPECT_EQ(items_in(engine->tables()).at("item7").note, std::nullopt);
  EXPECT_NE(items_in(engine->tables()).at("item8").note, std::nullopt);
}

TEST_F(SnapshotTest, WithoutOneTheTablesAreNotMadeFromHalfALedger) {
  ledger.drop_before(1);
  const auto live = *engine->table_digests();
  // Tables that are there go on.
  reopen();
  EXPECT_EQ(*engine->table_digests(), live);
  engine.reset();
  fs::remove(path);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kNotFound);
  EXPECT_EQ(opened.error().message(),
            "the ledger begins with entry 1, and the tables cannot be made from a snapshot: there is no snapshot");
}

TEST_F(SnapshotTest, OneThatNeedsDeletedFactsAfterItIsNotUsed) {
  auto written = snapshot();
  ASSERT_TRUE(written);
  ledger.drop_before(101);  // one of its own parts
  engine.reset();
  fs::remove(path);
  EXPECT_FALSE(open());
}

TEST_F(SnapshotTest, TablesOlderThanTheLedgersBeginningAreMadeFromIt) {
  engine.reset();
  fs::copy_file(path, folder / "older");
  open_or_fail();
  fill("later", 20);
  ASSERT_TRUE(snapshot());
  const auto live = *engine->table_digests();
  engine.reset();
  ledger.drop_before(120);
  fs::remove(path);
  fs::rename(folder / "older", path);
  open_or_fail();
  EXPECT_TRUE(engine->start().rebuilt);
  EXPECT_EQ(engine->start().why_rebuilt, "they were older than what the ledger still has");
  EXPECT_EQ(*engine->table_digests(), live);
}

TEST_F(SnapshotTest, TablesOfAnEarlierSchemaAreMigratedFromIt) {
  // A program whose toy had one step less.
  engine.reset();
  ledger.cut(0);
  fs::remove(path);
  toy->steps = 2;
  engine = *Engine::open(settings, projections(), ledger, ledger, publisher);
  fill("item", 10);
  ASSERT_TRUE(snapshot());
  open_or_fail();
  change_or_fail(link_to("item1", "item2", 1));
  ledger.drop_before(10);
  expect_rebuilt_the_same();
}

TEST_F(SnapshotTest, AForgedPartChangesNothing) {
  ledger.before_append = [&, forged = false]() mutable {
    if (forged || *ledger.size() != 101) return;
    forged = true;
    // Somebody else writes a first part, too: its version is taken, so it is none.
    Proposal part{.kind = "state.snapshot.part", .object = "snapshot/99", .body = R"({"part":0})"};
    part.actor.principal = "mallory";
    part.values.push_back({"rows", R"({"rows":[["toy_items","evil",1,null,null]]})"});
    const Raw raw = raw_fact(part, ledger.clock, 99);
    ledger.put(raw.record, raw.opening);
  };
  auto written = snapshot();
  ledger.before_append = {};
  ASSERT_TRUE(written);
  const auto items = items_in(engine->tables());
  ledger.drop_before(100);
  engine.reset();
  fs::remove(path);
  open_or_fail();
  EXPECT_EQ(items_in(engine->tables()), items);
}

TEST_F(SnapshotTest, AnEndThatNamesOtherPartsIsRefused) {
  Proposal end{.kind = "state.snapshot.end", .object = "snapshot/50"};
  end.actor.principal = "mallory";
  end.body = R"({"applied":50,"leaf_hash":")" + std::string(64, 'a') + R"(","digest":")" + std::string(64, 'b') +
             R"(","first":60,"parts":3})";
  auto done = change(end);
  ASSERT_FALSE(done);
  // Written past the engine it changes nothing either, and is of no use.
  ledger.put(raw_fact(end, ledger.clock, 99).record);
  reopen();
  EXPECT_EQ(deletable_before(engine->tables()), std::nullopt);
  ledger.drop_before(51);
  engine.reset();
  fs::remove(path);
  EXPECT_FALSE(open());
}

TEST_F(SnapshotTest, NeedsAFact) {
  engine.reset();
  ledger.cut(0);
  fs::remove(path);
  open_or_fail();
  auto written = snapshot();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Errc::kInvalidArgument);
}

}  // namespace
}  // namespace redoubt::state::test
