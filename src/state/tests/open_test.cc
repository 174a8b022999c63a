// What Engine::open() makes of whatever lies on the disk.
#include <fstream>
#include <random>

#include "base/file.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

class OpenTest : public StateTest {
 protected:
  void SetUp() override {
    open_or_fail();
    for (int i = 0; i < 30; ++i) {
      change_or_fail(create("item" + std::to_string(i), i,
                            i % 3 == 0 ? std::optional("note " + std::to_string(i)) : std::nullopt));
    }
    for (int i = 1; i < 30; ++i) {
      change_or_fail(link_to("item" + std::to_string(i), "item" + std::to_string(i - 1), 1));
    }
    live = *engine->table_digests();
    engine.reset();
  }
  void expect_the_same_state() {
    ASSERT_NE(engine, nullptr);
    EXPECT_EQ(*engine->table_digests(), live);
    expect_memory_is_as_loaded();
    EXPECT_EQ(integrity(path), "ok");
  }

  std::vector<std::pair<std::string, std::string>> live;
};

TEST_F(OpenTest, TablesThatAreWholeAreUsedAsTheyAre) {
  open_or_fail();
  EXPECT_EQ(engine->start().replayed, 0U);
  EXPECT_FALSE(engine->start().rebuilt);
  expect_the_same_state();
}

TEST_F(OpenTest, MissingTablesAreMadeAnew) {
  fs::remove(path);
  open_or_fail();
  EXPECT_TRUE(engine->start().rebuilt);
  EXPECT_EQ(engine->start().why_rebuilt, "there were none");
  EXPECT_EQ(engine->start().replayed, 59U);
  EXPECT_EQ(set_aside(), std::vector<std::string>{});
  expect_the_same_state();
}

TEST_F(OpenTest, TablesCutShortAreSetAsideAndMadeAnew) {
  const auto whole = fs::file_size(path);
  for (const std::uintmax_t size : {std::uintmax_t{600}, std::uintmax_t{4096}, whole / 2, whole - 4096, whole - 1}) {
    fs::resize_file(path, size);
    open_or_fail();
    EXPECT_TRUE(engine->start().rebuilt) << size;
    EXPECT_FALSE(engine->start().set_aside.empty()) << size;
    expect_the_same_state();
    engine.reset();
  }
  EXPECT_EQ(set_aside(), (std::vector<std::string>{"state.db.damaged-1", "state.db.damaged-2", "state.db.damaged-3",
                                                   "state.db.damaged-4", "state.db.damaged-5"}));
}

TEST_F(OpenTest, AFileWithNothingInItIsFilled) {
  for (const std::uintmax_t size : {0, 1}) {
    fs::resize_file(path, size);
    open_or_fail();
    EXPECT_TRUE(engine->start().rebuilt);
    expect_the_same_state();
    engine.reset();
  }
}

TEST_F(OpenTest, SomethingElseInPlaceOfTheTablesIsSetAside) {
  std::ofstream(path) << "this was never a database, and it is long enough to be one: " << std::string(8192, 'x');
  open_or_fail();
  EXPECT_TRUE(engine->start().rebuilt);
  EXPECT_EQ(set_aside(), std::vector<std::string>{"state.db.damaged-1"});
  expect_the_same_state();
}

// Bytes of the structure are overwritten, at random: whatever SQLite then says, what is served is what the ledger says
// or nothing is. What is overwritten within a value only `state rebuild --check` can find; so compare what is found.
TEST_F(OpenTest, DamageAnywhereIsRefusedOrMended) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  PosixFileSystem files;
  const Bytes whole = *read_file(files, path, 1 << 30);
  int mended = 0;
  int unnoticed = 0;
  for (int round = 0; round < 100; ++round) {
    Bytes damaged = whole;
    const std::size_t at = random() % damaged.size();
    const std::size_t length = std::min<std::size_t>(damaged.size() - at, 1 + random() % 512);
    for (std::size_t i = 0; i < length; ++i) damaged[at + i] = static_cast<std::byte>(random());
    ASSERT_TRUE(write_file_atomically(files, path, damaged));
    fs::remove(path + "-wal");
    auto opened = open();
    if (!opened) {
      // The position itself was hit: it looks like another ledger's.
      EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed) << opened.error().message();
    } else if (engine->start().rebuilt) {
      ++mended;
      expect_the_same_state();
    } else if (*engine->table_digests() != live) {
      ++unnoticed;
    }
    engine.reset();
    for (const std::string& name : set_aside()) fs::remove(folder / name);
  }
  EXPECT_GT(mended, 3);
  RecordProperty("unnoticed", unnoticed);
}

TEST_F(OpenTest, OlderTablesAreBroughtUpToTheLedger) {
  fs::copy_file(path, folder / "older");
  open_or_fail();
  change_or_fail(add("item3", 5, 2));
  change_or_fail(remove("item29", 2));
  live = *engine->table_digests();
  engine.reset();
  fs::remove(path);
  fs::rename(folder / "older", path);
  open_or_fail();
  EXPECT_FALSE(engine->start().rebuilt);
  EXPECT_EQ(engine->start().replayed, 2U);
  expect_the_same_state();
}

TEST_F(OpenTest, ALogOfWritesThatIsGoneIsFoldedAgain) {
  open_or_fail();
  change_or_fail(add("item3", 5, 2));
  // As after a power cut: the last transactions lie in the log of writes alone.
  const std::string copy = folder / "copy.db";
  fs::copy_file(path, copy);
  live = *engine->table_digests();
  engine.reset();
  fs::remove(path);
  fs::rename(copy, path);
  open_or_fail();
  expect_the_same_state();
}

TEST_F(OpenTest, TablesNewerThanTheLedgerAreRefused) {
  ledger.cut(40);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(opened.error().message(),
            "the tables end with entry 58, and the ledger has 40; the ledger was rolled back, or is another one");
  EXPECT_EQ(set_aside(), std::vector<std::string>{});
  EXPECT_TRUE(fs::exists(path)) << "refused is not mended";
}

TEST_F(OpenTest, TablesOfAnotherLedgerAreRefused) {
  ledger.cut(58);
  ledger.put(raw_fact(create("other", 1), ledger.clock, 57).record);
  ledger.put(raw_fact(create("another", 1), ledger.clock, 58).record);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed);
  EXPECT_NE(opened.error().message().find("the ledger was rolled back, or is another one"), std::string::npos);
}

TEST_F(OpenTest, ALeftOverOfAnInterruptedRebuildIsNoHindrance) {
  fs::remove(path);
  std::ofstream(path + ".building") << "half of something";
  std::ofstream(path + "-wal") << "the log of a database that is gone";
  open_or_fail();
  expect_the_same_state();
  EXPECT_FALSE(fs::exists(path + ".building"));
}

TEST_F(OpenTest, AnAlteredSchemaIsNotTrusted) {
  for (const char* sql : {"CREATE TRIGGER evil AFTER INSERT ON toy_items BEGIN DELETE FROM toy_links; END",
                          "CREATE VIEW evil AS SELECT 1", "CREATE TABLE evil(a)", "DROP INDEX toy_links_target",
                          "DROP TABLE watcher_counts", "ALTER TABLE toy_items ADD COLUMN more TEXT"}) {
    execute(sql);
    open_or_fail();
    EXPECT_TRUE(engine->start().rebuilt) << sql;
    EXPECT_EQ(engine->start().why_rebuilt, "the tables are not those that this program makes") << sql;
    expect_the_same_state();
    engine.reset();
  }
}

TEST_F(OpenTest, RowsThatContradictTheLedgerAreFoundWhenAFactMeetsThem) {
  execute("INSERT INTO state_objects(object, version) VALUES('item/new', 7)");
  execute("INSERT INTO toy_items(name, amount) VALUES('newer', 7)");
  open_or_fail();
  auto done = change(create("new", 1));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kConflict);
  done = change(create("newer", 1));
  ASSERT_FALSE(done);
}

TEST_F(OpenTest, TooManyDamagedOnesAreNotAddedTo) {
  for (int i = 1; i <= 99; ++i) std::ofstream(path + ".damaged-" + std::to_string(i)) << "x";
  fs::resize_file(path, 100);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kResourceExhausted);
}

TEST_F(OpenTest, TheDatabaseIsForItsOwnerAndGroup) {
  open_or_fail();
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    const auto others = fs::status(path + suffix).permissions() & fs::perms::others_all;
    EXPECT_EQ(others, fs::perms::none) << suffix;
  }
}

// ------------------------------------------------------------------------------------------------------- migrations

class MigrationTest : public StateTest {
 protected:
  // Tables as the program left them when the toy had only so many steps.
  void leave(std::size_t steps) {
    toy = std::make_unique<Toy>();
    toy->steps = steps;
    watcher = std::make_unique<Watcher>();
    auto opened = Engine::open(settings, projections(), ledger, ledger, publisher);
    ASSERT_TRUE(opened) << opened.error().message();
    engine = *std::move(opened);
    change_or_fail(create("a", 1));
    change_or_fail(create("b", 2));
    change_or_fail(add("a", 5, 1));
    engine.reset();
  }
};

TEST_F(MigrationTest, TablesOfEachEarlierVersionBecomeThoseOfARebuild) {
  for (const std::size_t steps : {1, 2, 3}) {
    ledger.cut(0);
    fs::remove(path);
    leave(steps);
    open_or_fail();
    EXPECT_FALSE(engine->start().rebuilt) << steps;
    EXPECT_EQ(engine->tables().integer("SELECT version FROM state_modules WHERE module = 'toy'", {}), 3);
    change_or_fail(create("c", 3, "a note"));
    change_or_fail(link_to("c", "a", 1));
    expect_memory_is_as_loaded();
    const auto migrated = *engine->table_digests();
    engine.reset();
    fs::remove(path);
    open_or_fail();
    EXPECT_EQ(*engine->table_digests(), migrated) << steps;
  }
}

TEST_F(MigrationTest, TablesOfALaterVersionAreRefused) {
  leave(3);
  toy = std::make_unique<Toy>();
  toy->steps = 2;
  watcher = std::make_unique<Watcher>();
  auto opened = Engine::open(settings, projections(), ledger, ledger, publisher);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kUnsupported);
  EXPECT_NE(opened.error().message().find("`toy` has version 3"), std::string::npos) << opened.error().message();
  // A module that is not known any more is one of a later version, too.
  opened = Engine::open(settings, {watcher.get()}, ledger, ledger, publisher);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kUnsupported);
}

TEST_F(MigrationTest, AModuleThatIsNewHasItsFactsFolded) {
  // The one before knew nothing of the toy: its facts changed nothing then.
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(create("b", 1), ledger.clock, 0).record);
  watcher = std::make_unique<Watcher>();
  {
    auto opened = Engine::open(settings, {watcher.get()}, ledger, ledger, publisher);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ((*opened)->tables().integer("SELECT count(*) FROM state_rejected WHERE code = 'unsupported'", {}), 2);
  }
  open_or_fail();
  EXPECT_TRUE(engine->start().rebuilt);
  EXPECT_EQ(toy->items.size(), 2U);
  reopen();
  EXPECT_FALSE(engine->start().rebuilt);
}

// A module whose second step says that it folds otherwise.
class Refolding final : public Projection {
 public:
  explicit Refolding(std::size_t steps) : steps_(steps) {}
  std::string_view module() const override { return "toy"; }
  std::span<const std::string_view> schema_steps() const override {
    static constexpr std::array<std::string_view, 2> kSteps{
        "CREATE TABLE toy_seen(fact_index INTEGER NOT NULL PRIMARY KEY, what INTEGER) STRICT, WITHOUT ROWID;", ""};
    return std::span(kSteps).first(steps_);
  }
  Result<> apply(const FoldedFact& fact, Tables& tables) override {
    (void)tables.run("INSERT INTO toy_seen(fact_index, what) VALUES(?1, ?2)", {fact.index, steps_});
    return {};
  }
  void erase(std::uint64_t, std::span<const std::string_view>, Tables&) override {}
  Result<> load(Tables&) override { return {}; }
  void follow(const FoldedFact&, Tables&) override {}

 private:
  std::size_t steps_;
};

TEST_F(MigrationTest, AnEmptyStepMakesTheTablesAnew) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  Refolding before(1);
  ASSERT_TRUE(Engine::open(settings, {&before}, ledger, ledger, publisher));
  Refolding after(2);
  auto opened = Engine::open(settings, {&after}, ledger, ledger, publisher);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE((*opened)->start().rebuilt);
  EXPECT_EQ((*opened)->tables().integer("SELECT what FROM toy_seen", {}), 2);
  EXPECT_EQ(set_aside(), std::vector<std::string>{});
}

// --------------------------------------------------------------------------------------------------- foreign facts

class ForeignFactsTest : public StateTest {
 protected:
  // Folds the ledger, and says why the entry changed nothing.
  std::string rejected(std::uint64_t index) {
    open_or_fail();
    return engine->tables()
        .text("SELECT code || ': ' || why FROM state_rejected WHERE fact_index = ?1", {index})
        .value_or("it was applied");
  }
};

TEST_F(ForeignFactsTest, AFactWithAnotherVersionChangesNothingAndSaysSo) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(add("a", 1, 2), ledger.clock, 0).record);
  ledger.put(raw_fact(add("a", 10, 1), ledger.clock, 1).record);
  EXPECT_EQ(rejected(1), "conflict: `item/a` has version 1, not 2");
  EXPECT_EQ(items_in(engine->tables()).at("a").amount, 11);
  EXPECT_EQ(engine->applied(), 2U);
}

TEST_F(ForeignFactsTest, AFactThatNamesAnotherBeforeItChangesNothing) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(create("b", 1), ledger.clock, 0).record);
  ledger.put(raw_fact(create("c", 1), ledger.clock, 0).record);
  ledger.put("{}");
  ledger.put(raw_fact(create("d", 1), ledger.clock, 3).record);  // 3 is no fact
  ledger.put(raw_fact(create("e", 1), ledger.clock, 9).record);  // there is no 9
  EXPECT_EQ(rejected(2), "conflict: the fact before is another than it names");
  EXPECT_EQ(rejected(4), "conflict: the fact before is another than it names");
  EXPECT_EQ(rejected(5), "conflict: the fact before is another than it names");
  EXPECT_EQ(toy->items.size(), 2U);
}

TEST_F(ForeignFactsTest, AFactBeforeItThatWasNotReadStopsTheFold) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(create("b", 1), ledger.clock, 0).record);
  ledger.put(raw_fact(create("c", 1), ledger.clock, 1).record);
  ledger.leave_out = 1;
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kCorrupt);
  EXPECT_EQ(opened.error().message(), "fact 2 follows fact 1, which was not read");
}

TEST_F(ForeignFactsTest, TimeDoesNotRunBackwards) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(create("b", 1), {ledger.clock.value - 1}, 0).record);
  EXPECT_EQ(rejected(1), "invalid_argument: its time is before that of the fact before");
}

TEST_F(ForeignFactsTest, AMalformedFactIsPassedOverAndSaid) {
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  std::string cut = raw_fact(create("b", 1), ledger.clock, 0).record;
  cut.resize(cut.size() - 3);
  ledger.put(cut);
  ledger.put(raw_fact(create("c", 1), ledger.clock, 0).record);
  ledger.put(cut);
  EXPECT_EQ(rejected(1).substr(0, 10), "malformed:");
  EXPECT_EQ(toy->items.size(), 2U);
  reopen();
  EXPECT_EQ(engine->start().replayed, 0U);
  change_or_fail(create("d", 1));
  EXPECT_EQ(rejected(3).substr(0, 10), "malformed:");
  EXPECT_EQ(toy->items.size(), 3U);
}

TEST_F(ForeignFactsTest, AKeyUsedTwiceCountsOnce) {
  Proposal first = create("a", 1);
  first.idempotency_key = std::string(64, 'a');
  first.idempotency_request = std::string(64, 'b');
  Proposal second = create("b", 1);
  second.idempotency_key = first.idempotency_key;
  second.idempotency_request = first.idempotency_request;
  ledger.put(raw_fact(first, ledger.clock, std::nullopt).record);
  ledger.put(raw_fact(second, ledger.clock, 0).record);
  EXPECT_EQ(rejected(1), "already_exists: its idempotency key was used before");
}

TEST_F(ForeignFactsTest, ValuesThatAreNotTheOnesCommittedToAreNone) {
  Raw fact = raw_fact(create("a", 1, "a note"), ledger.clock, std::nullopt);
  ledger.put(fact.record, raw_fact(create("a", 1, "another"), ledger.clock, std::nullopt).opening);
  ledger.put(raw_fact(create("b", 1, "b note"), ledger.clock, 0).record, "not an opening");
  open_or_fail();
  EXPECT_EQ(items_in(engine->tables()).at("a").note, std::nullopt);
  EXPECT_EQ(items_in(engine->tables()).at("b").note, std::nullopt);
}

TEST_F(ForeignFactsTest, EntriesOfOtherKindsAreNoFacts) {
  for (int i = 0; i < 5; ++i) ledger.put("{\"class_uid\":6003}");
  ledger.put(raw_fact(create("a", 1), ledger.clock, std::nullopt).record);
  open_or_fail();
  EXPECT_EQ(engine->start().replayed, 1U);
  EXPECT_EQ(engine->applied(), 5U);
  change_or_fail(add("a", 1, 1));
}

TEST_F(ForeignFactsTest, AFactOfALaterFormatIsNotPassedOver) {
  std::string later = raw_fact(create("a", 1), ledger.clock, std::nullopt).record;
  const auto at = later.find("\"format\":1");
  ASSERT_NE(at, std::string::npos);
  later[at + 9] = '2';
  ledger.put(later);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kUnsupported) << opened.error().message();
}

}  // namespace
}  // namespace redoubt::state::test
