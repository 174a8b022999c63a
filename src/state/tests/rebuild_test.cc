#include "state/rebuild.h"

#include <sqlite3.h>

#include <random>

#include "base/file.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

class RebuildTest : public StateTest {
 protected:
  void SetUp() override {
    open_or_fail();
    // In no order of their names, so that the trees of the tables grow otherwise than they are read.
    std::mt19937_64 random(7);
    std::vector<int> numbers(200);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
    std::shuffle(numbers.begin(), numbers.end(), random);
    for (const int i : numbers) change_or_fail(create("item" + std::to_string(i), i, "note " + std::to_string(i)));
    for (int i = 0; i < 200; i += 3) change_or_fail(remove("item" + std::to_string(i), 1));
    change_or_fail(erasure(5, {"note"}, 0));
    ledger.destroy_opening(5);
  }
  // What the file is once it is written compactly.
  Bytes compact(const std::string& database) {
    const std::string out = folder / "compact.db";
    fs::remove(out);
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, ("VACUUM INTO '" + out + "'").c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
    PosixFileSystem files;
    return *read_file(files, out, 1 << 30);
  }
};

TEST_F(RebuildTest, TablesInUseAreThoseOfARebuild) {
  const auto before = *engine->table_digests();
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->equal());
  EXPECT_TRUE(report->compared);
  EXPECT_EQ(report->facts, 268U);
  EXPECT_EQ(report->applied, 267U);
  EXPECT_EQ(report->snapshot, std::nullopt);
  EXPECT_EQ(report->tables.size(), 10U);
  for (const auto& table : report->tables) EXPECT_EQ(table.rebuilt, table.found) << table.name;
  // The engine goes on as if nothing had been.
  EXPECT_EQ(*engine->table_digests(), before);
  change_or_fail(create("more", 1));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().string().find(".check"), std::string::npos) << entry.path();
  }
}

TEST_F(RebuildTest, ChecksTablesThatNobodyHasOpen) {
  engine.reset();
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->equal());
}

TEST_F(RebuildTest, ChecksTablesAsFarAsTheyHaveCome) {
  engine.reset();
  ledger.put(raw_fact(create("later", 1), ledger.clock, 267).record);
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(report->applied, 267U);
}

TEST_F(RebuildTest, ARowThatSomebodyChangedIsFound) {
  engine.reset();
  execute("UPDATE toy_items SET amount = amount + 1 WHERE name = 'item100'");
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->equal());
  for (const auto& table : report->tables) EXPECT_EQ(table.equal(), table.name != "toy_items") << table.name;
}

TEST_F(RebuildTest, TablesWithAnotherSchemaAreNotCompared) {
  engine.reset();
  execute("CREATE TABLE evil(a)");
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->compared);
  EXPECT_FALSE(report->equal());
  EXPECT_EQ(report->why_not_compared, "the tables are not those that this program makes");
}

TEST_F(RebuildTest, TablesBeyondTheLedgerAreRefused) {
  engine.reset();
  ledger.cut(100);
  auto report = check_tables(path, projections(), ledger);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
}

TEST_F(RebuildTest, WithoutTablesThereIsNothingToCheck) {
  auto report = check_tables(folder / "other.db", projections(), ledger);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kNotFound);
}

TEST_F(RebuildTest, ARebuildMendsAndSaysWhatDiffered) {
  const auto live = *engine->table_digests();
  engine.reset();
  execute("UPDATE toy_items SET amount = amount + 1 WHERE name = 'item100'");
  auto report = rebuild(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->equal());
  open_or_fail();
  EXPECT_FALSE(engine->start().rebuilt);
  EXPECT_EQ(*engine->table_digests(), live);
  EXPECT_EQ(integrity(path), "ok");
}

TEST_F(RebuildTest, ARebuildThatFailsLeavesTheOldTables) {
  engine.reset();
  ledger.open_error = Error(Errc::kUnavailable, "the keeper is gone");
  ASSERT_FALSE(rebuild(path, projections(), ledger));
  ledger.open_error.reset();
  EXPECT_FALSE(fs::exists(path + ".building"));
  open_or_fail();
  EXPECT_FALSE(engine->start().rebuilt);
}

TEST_F(RebuildTest, TwoRebuildsAreTheSameFile) {
  engine.reset();
  ASSERT_TRUE(rebuild(folder / "one.db", projections(), ledger));
  ASSERT_TRUE(rebuild(folder / "two.db", projections(), ledger));
  PosixFileSystem files;
  EXPECT_EQ(*read_file(files, folder / "one.db", 1 << 30), *read_file(files, folder / "two.db", 1 << 30));
  EXPECT_EQ(compact(folder / "one.db"), compact(folder / "two.db"));
}

// Keeps the first row that comes, in an order that was not asked for.
class Careless final : public Projection {
 public:
  std::string_view module() const override { return "toy"; }
  std::span<const std::string_view> schema_steps() const override {
    static constexpr std::array<std::string_view, 1> kSteps{
        "CREATE TABLE toy_seen(object TEXT NOT NULL PRIMARY KEY, other TEXT NOT NULL) STRICT, WITHOUT ROWID;"};
    return kSteps;
  }
  Result<> apply(const FoldedFact& fact, Tables& tables) override {
    const std::string other = tables.text("SELECT object FROM toy_seen LIMIT 1", {}).value_or("");
    (void)tables.run("INSERT INTO toy_seen(object, other) VALUES(?1, ?2)", {fact.fact.object, other});
    return {};
  }
  void erase(std::uint64_t, std::span<const std::string_view>, Tables&) override {}
  Result<> load(Tables&) override { return {}; }
  void follow(const FoldedFact&, Tables&) override {}
};

TEST_F(RebuildTest, AFoldThatDependsOnTheOrderOfRowsIsFound) {
  engine.reset();
  ledger.cut(0);
  fs::remove(path);
  Careless careless;
  engine = *Engine::open(settings, {&careless}, ledger, ledger, publisher);
  for (int i = 0; i < 5; ++i) change_or_fail(create("item" + std::to_string(i), i));
  Projection* only = &careless;
  auto report = check_tables(path, {&only, 1}, ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->equal());
}

}  // namespace
}  // namespace redoubt::state::test
