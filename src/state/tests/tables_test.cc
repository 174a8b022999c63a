// What the tables give, and what they let nobody do.
#include "state/tables.h"

#include <algorithm>

#include "state/rebuild.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

// Folds with whatever function a test gives it.
class Any final : public Projection {
 public:
  std::string_view module() const override { return "any"; }
  std::span<const std::string_view> schema_steps() const override {
    static constexpr std::array<std::string_view, 1> kSteps{
        "CREATE TABLE any_rows(id INTEGER NOT NULL PRIMARY KEY, text TEXT, bytes BLOB, number INTEGER) "
        "STRICT, WITHOUT ROWID;"
        "CREATE INDEX any_rows_text ON any_rows(text, number);"
        "CREATE INDEX any_rows_some ON any_rows(number) WHERE number IS NOT NULL;"
        "CREATE TABLE any_pairs(one TEXT NOT NULL, two TEXT NOT NULL, PRIMARY KEY(one, two)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE any_last(id INTEGER, key INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;"
        "CREATE TABLE any_unique(id INTEGER NOT NULL PRIMARY KEY, other INTEGER UNIQUE) STRICT, WITHOUT ROWID;"};
    return kSteps;
  }
  Result<> apply(const FoldedFact&, Tables& tables) override {
    if (fold) fold(tables);
    return {};
  }
  Result<> permits(const FoldedFact&, Tables& tables) override {
    if (rule) rule(tables);
    return {};
  }
  void erase(std::uint64_t, std::span<const std::string_view>, Tables&) override {}
  Result<> load(Tables&) override { return {}; }
  void follow(const FoldedFact&, Tables& tables) override {
    if (after) after(tables);
  }
  std::function<void(Tables&)> fold;
  std::function<void(Tables&)> rule;
  std::function<void(Tables&)> after;
};

class TablesTest : public StateTest {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    watcher = std::make_unique<Watcher>();
    engine = *Engine::open(settings, {&any, watcher.get()}, ledger, ledger, publisher);
  }
  // One fact, folded so.
  Result<Applied> fold(std::function<void(Tables&)> how) {
    any.fold = std::move(how);
    Proposal proposal{.kind = "any.thing.happen",
                      .object = "thing/1",
                      .expects = engine->version_of("thing/1"),
                      .actor = {.principal = "alice"}};
    return change(std::move(proposal));
  }

  Any any;
};
using TablesDeathTest = TablesTest;

TEST_F(TablesTest, GiveBackWhatWasBound) {
  const std::string text("nul \0 and \xE2\x82\xAC", 13);
  const Bytes bytes{std::byte{0}, std::byte{255}};
  ASSERT_TRUE(fold([&](Tables& tables) {
    const auto put = [&](int id, const Column& text_column, const Column& bytes_column, const Column& number) {
      (void)tables.run("INSERT INTO any_rows(id, text, bytes, number) VALUES(?1, ?2, ?3, ?4)",
                       {id, text_column, bytes_column, number});
    };
    put(1, text, ByteView(bytes), std::int64_t{-5});
    put(2, "", ByteView(), std::uint64_t{0xffffffffffffffff});
    put(3, std::nullopt, std::optional<ByteView>(), std::optional<int>());
    put(4, std::string_view(), std::nullopt, true);
  }));
  std::vector<int> seen;
  ASSERT_TRUE(
      engine->tables().each("SELECT id, text, bytes, number FROM any_rows ORDER BY id", {}, [&](const Row& row) {
        seen.push_back(static_cast<int>(row.integer(0)));
        switch (row.integer(0)) {
          case 1:
            EXPECT_EQ(row.text(1), text);
            EXPECT_EQ(to_bytes(row.blob(2)), bytes);
            EXPECT_EQ(row.integer(3), -5);
            break;
          case 2:
            EXPECT_FALSE(row.is_null(1));
            EXPECT_EQ(row.text(1), "");
            EXPECT_FALSE(row.is_null(2));
            EXPECT_TRUE(row.blob(2).empty());
            EXPECT_EQ(static_cast<std::uint64_t>(row.integer(3)), 0xffffffffffffffff);
            break;
          case 3:
            for (int column = 1; column < 4; ++column) EXPECT_TRUE(row.is_null(column));
            EXPECT_EQ(row.text(1), "");
            EXPECT_EQ(row.integer(3), 0);
            break;
          default:
            EXPECT_FALSE(row.is_null(1));
            EXPECT_EQ(row.integer(3), 1);
        }
        return true;
      }));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(TablesTest, TextIsNeverSql) {
  const std::string hostile = "'); DROP TABLE any_rows; --";
  ASSERT_TRUE(
      fold([&](Tables& tables) { (void)tables.run("INSERT INTO any_rows(id, text) VALUES(?1, ?2)", {1, hostile}); }));
  EXPECT_EQ(engine->tables().text("SELECT text FROM any_rows WHERE id = ?1", {1}), hostile);
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM any_rows WHERE text = ?1", {hostile}), 1);
}

TEST_F(TablesTest, StopWhenNoMoreRowsAreWanted) {
  ASSERT_TRUE(fold([](Tables& tables) {
    for (int i = 0; i < 5; ++i) (void)tables.run("INSERT INTO any_rows(id) VALUES(?1)", {i});
  }));
  int seen = 0;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(engine->tables().each("SELECT id FROM any_rows ORDER BY id", {}, [&](const Row&) {
      ++seen;
      return false;
    }));
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(TablesTest, FindOneThing) {
  ASSERT_TRUE(fold([](Tables& tables) { (void)tables.run("INSERT INTO any_rows(id, text) VALUES(1, 'one')", {}); }));
  EXPECT_EQ(engine->tables().integer("SELECT id FROM any_rows WHERE text = ?1", {"one"}), 1);
  EXPECT_EQ(engine->tables().integer("SELECT id FROM any_rows WHERE text = ?1", {"two"}), std::nullopt);
  EXPECT_EQ(engine->tables().integer("SELECT number FROM any_rows", {}), std::nullopt);
  EXPECT_EQ(engine->tables().text("SELECT text FROM any_rows", {}), "one");
}

TEST_F(TablesTest, AFoldThatBreaksARuleOfItsTableChangesNothing) {
  ASSERT_TRUE(fold([](Tables& tables) { (void)tables.run("INSERT INTO any_rows(id) VALUES(1)", {}); }));
  auto done = fold([](Tables& tables) {
    (void)tables.run("INSERT INTO any_rows(id) VALUES(2)", {});
    (void)tables.run("INSERT INTO any_rows(id) VALUES(1)", {});
    (void)tables.run("INSERT INTO any_rows(id) VALUES(3)", {});
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kCorrupt);
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM any_rows", {}), 1);
  EXPECT_EQ(*ledger.size(), 1U);
  EXPECT_TRUE(engine->current());
}

// What an index finds, sorted.
std::vector<std::int64_t> alike(Tables& tables, Name index, std::initializer_list<Column> first) {
  std::vector<std::int64_t> ids;
  EXPECT_TRUE(tables.each_alike(index, first, [&](const Row& row) {
    ids.push_back(row.integer(0));
    return true;
  }));
  std::sort(ids.begin(), ids.end());
  return ids;
}
using Ids = std::vector<std::int64_t>;

TEST_F(TablesTest, GiveBackRowsThatWerePut) {
  const std::string text("nul \0 and \xE2\x82\xAC", 13);
  const Bytes bytes{std::byte{0}, std::byte{255}};
  const auto expect_rows = [&](Tables& tables) {
    const Row* row = tables.find("any_rows", {1});
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->integer(0), 1);
    EXPECT_EQ(row->text(1), text);
    EXPECT_EQ(to_bytes(row->blob(2)), bytes);
    EXPECT_EQ(row->integer(3), -5);
    row = tables.find("any_rows", {2});
    ASSERT_NE(row, nullptr);
    EXPECT_FALSE(row->is_null(1));
    EXPECT_EQ(row->text(1), "");
    EXPECT_FALSE(row->is_null(2));
    EXPECT_TRUE(row->blob(2).empty());
    EXPECT_TRUE(row->is_null(3));
    EXPECT_EQ(row->integer(3), 0);
    EXPECT_EQ(tables.find("any_rows", {3}), nullptr);
  };
  ASSERT_TRUE(fold([&](Tables& tables) {
    tables.put("any_rows", {1, text, ByteView(bytes), std::int64_t{-5}});
    tables.put("any_rows", {2, "", ByteView(), std::nullopt});
    expect_rows(tables);
  }));
  expect_rows(engine->tables());
  // And as a statement sees them.
  EXPECT_EQ(engine->tables().text("SELECT text FROM any_rows WHERE id = 1", {}), text);
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM any_rows WHERE bytes = x'' AND number IS NULL", {}), 1);
}

TEST_F(TablesTest, ChangeAndEraseRows) {
  ASSERT_TRUE(fold([](Tables& tables) {
    for (int id = 1; id <= 3; ++id) tables.put("any_rows", {id, "a", std::nullopt, id});
  }));
  ASSERT_TRUE(fold([](Tables& tables) {
    EXPECT_TRUE(tables.change("any_rows", {1}, {{1, "longer than before"}, {3, std::nullopt}}));
    EXPECT_FALSE(tables.change("any_rows", {9}, {{1, "b"}}));
    tables.erase("any_rows", {2});
    tables.erase("any_rows", {9});
    tables.put("any_rows", {3, "c", std::nullopt, 33});
    tables.erase("any_rows", {3});
    tables.put("any_rows", {3, "d", std::nullopt, 34});
    EXPECT_EQ(tables.find("any_rows", {2}), nullptr);
    EXPECT_EQ(tables.find("any_rows", {1})->text(1), "longer than before");
  }));
  EXPECT_EQ(engine->tables().text("SELECT text FROM any_rows WHERE id = 1 AND number IS NULL", {}),
            "longer than before");
  EXPECT_EQ(engine->tables().integer("SELECT number FROM any_rows WHERE id = 3 AND text = 'd'", {}), 34);
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM any_rows", {}), 2);
}

TEST_F(TablesTest, ChangesOfARowComeInAnyOrder) {
  ASSERT_TRUE(fold([](Tables& tables) {
    tables.put("any_rows", {1, "a", std::nullopt, 1});
    EXPECT_TRUE(tables.change("any_rows", {1}, {{3, 4}, {1, "b"}, {2, as_bytes("bytes")}}));
    const Row* row = tables.find("any_rows", {1});
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->integer(0), 1);
    EXPECT_EQ(row->text(1), "b");
    EXPECT_EQ(as_chars(row->blob(2)), "bytes");
    EXPECT_EQ(row->integer(3), 4);
    EXPECT_TRUE(tables.change("any_rows", {1}, {{2, std::nullopt}, {1, "longer than that"}}));
    EXPECT_TRUE(tables.change("any_rows", {1}, {}));
  }));
  EXPECT_EQ(engine->tables().integer(
                "SELECT count(*) FROM any_rows WHERE id = 1 AND text = 'longer than that' AND bytes IS NULL AND "
                "number = 4",
                {}),
            1);
}

TEST_F(TablesTest, FindRowsThatAreAlike) {
  const auto expect_rows = [](Tables& tables) {
    EXPECT_EQ(alike(tables, "any_rows_text", {"a"}), (Ids{1, 4}));
    EXPECT_EQ(alike(tables, "any_rows_text", {"b"}), (Ids{3}));
    EXPECT_EQ(alike(tables, "any_rows_text", {"c"}), (Ids{}));
    EXPECT_EQ(alike(tables, "any_rows_text", {"a", 2}), (Ids{4}));
    EXPECT_EQ(alike(tables, "any_rows_text", {std::nullopt}), (Ids{5}));
    EXPECT_EQ(alike(tables, "any_rows", {4}), (Ids{4}));
  };
  ASSERT_TRUE(fold([&](Tables& tables) {
    for (int id = 1; id <= 3; ++id) tables.put("any_rows", {id, "a", std::nullopt, 1});
  }));
  // Some rows lie in the database, some in memory, some in both and not the same.
  ASSERT_TRUE(fold([&](Tables& tables) {
    tables.put("any_rows", {3, "b", std::nullopt, 1});
    tables.put("any_rows", {4, "a", std::nullopt, 2});
    EXPECT_EQ(alike(tables, "any_rows_text", {"a"}), (Ids{1, 2, 4}));
    tables.erase("any_rows", {2});
    tables.put("any_rows", {5, std::nullopt, std::nullopt, std::nullopt});
    expect_rows(tables);
  }));
  expect_rows(engine->tables());
  int seen = 0;
  ASSERT_TRUE(engine->tables().each_alike("any_rows_text", {"a"}, [&](const Row&) { return ++seen < 1; }));
  EXPECT_EQ(seen, 1);
}

TEST_F(TablesTest, RowsAndStatementsSeeEachOthersChanges) {
  ASSERT_TRUE(fold([&](Tables& tables) {
    tables.put("any_rows", {1, "a", std::nullopt, 1});
    EXPECT_EQ(tables.integer("SELECT count(*) FROM any_rows", {}), 1);
    EXPECT_EQ(alike(tables, "any_rows_text", {"a"}), (Ids{1}));
    (void)tables.run("UPDATE any_rows SET text = 'b' WHERE text = ?1", {"a"});
    EXPECT_EQ(tables.find("any_rows", {1})->text(1), "b");
    EXPECT_EQ(alike(tables, "any_rows_text", {"a"}), (Ids{}));
    (void)tables.change("any_rows", {1}, {{3, 7}});
    (void)tables.run("INSERT INTO any_rows(id, text, number) SELECT number, text, 8 FROM any_rows", {});
    EXPECT_EQ(tables.find("any_rows", {7})->integer(3), 8);
    tables.erase("any_rows", {1});
    (void)tables.run("INSERT INTO any_pairs(one, two) SELECT text, 'x' FROM any_rows WHERE number = 8", {});
  }));
  EXPECT_EQ(alike(engine->tables(), "any_rows_text", {"b"}), (Ids{7}));
  EXPECT_NE(engine->tables().find("any_pairs", {"b", "x"}), nullptr);
}

TEST_F(TablesTest, ManyRowsInANewTableAreInItsIndices) {
  ASSERT_TRUE(fold([](Tables& tables) {
    for (int id = 0; id < 10'000; ++id) {
      tables.put("any_rows", {id * 7919 % 10'007, id % 3 == 0 ? "a" : "b", std::nullopt, id % 5});
    }
    EXPECT_EQ(tables.integer("SELECT count(*) FROM any_rows WHERE text = 'a' AND number = 2", {}), 666);
  }));
  EXPECT_EQ(integrity(path), "ok");
  EXPECT_EQ(alike(engine->tables(), "any_rows_text", {"a", 2}).size(), 666U);
  auto report = check_tables(path, std::initializer_list<Projection*>{&any, watcher.get()}, ledger);
  ASSERT_TRUE(report) << report.error().message();
}

TEST_F(TablesTest, ARowThatDoesNotFitIsFoundWhenItIsTried) {
  ASSERT_TRUE(fold([](Tables& tables) { tables.put("any_rows", {1, "a", std::nullopt, 1}); }));
  for (const auto& wrong : std::initializer_list<std::function<void(Tables&)>>{
           [](Tables& tables) { tables.put("any_rows", {2, 5, std::nullopt, "no number"}); },
           [](Tables& tables) { tables.put("any_rows", {std::nullopt, "a", std::nullopt, 1}); },
           [](Tables& tables) { (void)tables.change("any_rows", {1}, {{3, "no number"}}); },
       }) {
    const auto done = fold(wrong);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::kCorrupt);
    EXPECT_EQ(*ledger.size(), 1U);
    EXPECT_TRUE(engine->current());
  }
  EXPECT_EQ(engine->tables().integer("SELECT number FROM any_rows", {}), 1);
}

TEST_F(TablesDeathTest, RowsAreChangedByTheFoldOfTheirModule) {
  EXPECT_DEATH(engine->tables().put("any_rows", {1, "a", std::nullopt, 1}), "tables are written outside of a fold");
  EXPECT_DEATH(engine->tables().erase("any_rows", {1}), "tables are written outside of a fold");
  EXPECT_DEATH((void)fold([](Tables& tables) { tables.erase("watcher_counts", {"any"}); }),
               "`any` writes tables of `watcher`");
  EXPECT_DEATH((void)fold([](Tables& tables) { (void)tables.change("state_objects", {"a"}, {{1, 5}}); }),
               "`any` writes tables of `state`");
  any.rule = [](Tables& tables) { tables.put("any_rows", {1, "a", std::nullopt, 1}); };
  EXPECT_DEATH((void)fold({}), "tables are written outside of a fold");
}

TEST_F(TablesDeathTest, RowsFitTheirTables) {
  const auto dies = [&](std::function<void(Tables&)> how, const char* why) {
    EXPECT_DEATH((void)fold(std::move(how)), why);
  };
  dies([](Tables& tables) { (void)tables.find("any_absent", {1}); }, "there is no such table");
  dies([](Tables& tables) { (void)tables.find("any_rows", {1, 2}); }, "the key has another number of columns");
  dies([](Tables& tables) { tables.put("any_rows", {1}); }, "the row has another number of columns");
  dies([](Tables& tables) { tables.put("any_unique", {1, 2}); }, "an index of the table is UNIQUE");
  dies([](Tables& tables) { tables.put("any_last", {1, 2}); }, "the columns of the key do not come first");
  dies([](Tables& tables) { (void)alike(tables, "any_rows_some", {1}); }, "the index is not over all rows");
  dies([](Tables& tables) { (void)alike(tables, "any_absent", {1}); }, "there is no such index or table");
  dies([](Tables& tables) { (void)alike(tables, "any_rows_text", {"a", 1, 1}); }, "the number of values is another");
  dies(
      [](Tables& tables) {
        tables.put("any_rows", {1, "a", std::nullopt, 1});
        (void)tables.change("any_rows", {1}, {{0, 2}});
      },
      "the key of a row is changed");
  dies(
      [](Tables& tables) {
        tables.put("any_rows", {1, "a", std::nullopt, 1});
        (void)tables.change("any_rows", {1}, {{3, 2}, {4, 2}});
      },
      "a column is changed that the table does not have");
  dies(
      [](Tables& tables) {
        tables.put("any_rows", {1, "a", std::nullopt, 1});
        (void)tables.each_alike("any_rows_text", {"a"}, [&](const Row&) {
          tables.erase("any_rows", {1});
          return true;
        });
      },
      "a row is changed while rows are given");
}

TEST_F(TablesDeathTest, NobodyWritesOutsideOfAFold) {
  EXPECT_DEATH((void)engine->tables().run("DELETE FROM any_rows", {}), "tables are written outside of a fold");
  any.after = [](Tables& tables) { (void)tables.run("DELETE FROM any_rows", {}); };
  EXPECT_DEATH((void)fold({}), "tables are written outside of a fold");
  any.after = {};
  any.rule = [](Tables& tables) { (void)tables.run("DELETE FROM any_rows", {}); };
  EXPECT_DEATH((void)fold({}), "tables are written outside of a fold");
}

TEST_F(TablesDeathTest, AModuleWritesItsOwnTablesAlone) {
  EXPECT_DEATH((void)fold([](Tables& tables) { (void)tables.run("DELETE FROM watcher_counts", {}); }),
               "`any` writes tables of `watcher`");
  EXPECT_DEATH((void)fold([](Tables& tables) { (void)tables.run("DELETE FROM state_objects", {}); }),
               "`any` writes tables of `state`");
  EXPECT_DEATH((void)fold([](Tables& tables) { (void)tables.run("DELETE FROM sqlite_schema", {}); }), "");
}

TEST_F(TablesDeathTest, AFoldKnowsNeitherTimeNorChance) {
  EXPECT_DEATH((void)engine->tables().integer("SELECT random()", {}), "`random` is not one of those");
  EXPECT_DEATH((void)engine->tables().text("SELECT datetime('now')", {}), "`datetime` is not one of those");
  EXPECT_DEATH((void)engine->tables().text("SELECT CURRENT_TIMESTAMP", {}), "is not one of those");
  EXPECT_DEATH((void)engine->tables().integer("SELECT total_changes()", {}), "`total_changes` is not one of those");
  EXPECT_DEATH((void)engine->tables().integer("SELECT load_extension('x')", {}), "");
}

TEST_F(TablesDeathTest, StatementsReadAndWriteRowsAndNothingElse) {
  EXPECT_DEATH((void)engine->tables().run("CREATE TABLE any_more(a)", {}), "");
  EXPECT_DEATH((void)engine->tables().run("PRAGMA writable_schema = ON", {}), "something else than reading");
  EXPECT_DEATH((void)engine->tables().run("ATTACH 'x' AS y", {}), "something else than reading");
  EXPECT_DEATH((void)engine->tables().run("COMMIT", {}), "something else than reading");
  EXPECT_DEATH((void)engine->tables().run("SELECT 1; SELECT 2", {}), "it is not one statement");
  EXPECT_DEATH((void)engine->tables().run("SELECT absent FROM any_rows", {}), "no such column");
  EXPECT_DEATH((void)engine->tables().run("SELECT ?1", {}), "the number of values is another");
}

TEST_F(TablesDeathTest, AStatementIsNotUsedWhileItRuns) {
  ASSERT_TRUE(fold([](Tables& tables) { (void)tables.run("INSERT INTO any_rows(id) VALUES(1)", {}); }));
  const auto nested = [&] {
    static constexpr Sql kSame("SELECT id FROM any_rows");
    (void)engine->tables().each(kSame, {}, [&](const Row&) {
      (void)engine->tables().each(kSame, {}, [](const Row&) { return true; });
      return true;
    });
  };
  EXPECT_DEATH(nested(), "the statement is used while it runs");
}

// Steps that a module must not have.
class Steps final : public Projection {
 public:
  explicit Steps(std::string_view step) : step_{step} {}
  std::string_view module() const override { return "steps"; }
  std::span<const std::string_view> schema_steps() const override { return step_; }
  Result<> apply(const FoldedFact&, Tables&) override { return {}; }
  void erase(std::uint64_t, std::span<const std::string_view>, Tables&) override {}
  Result<> load(Tables&) override { return {}; }
  void follow(const FoldedFact&, Tables&) override {}

 private:
  std::array<std::string_view, 1> step_;
};

TEST_F(TablesDeathTest, ASchemaKeepsTheRules) {
  for (const auto& [step, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"CREATE TABLE other_rows(a INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID", "not named for its module"},
           {"CREATE TABLE steps_rows(a INTEGER PRIMARY KEY) STRICT", "not STRICT and WITHOUT ROWID"},
           {"CREATE TABLE steps_rows(a INTEGER PRIMARY KEY) WITHOUT ROWID", "not STRICT and WITHOUT ROWID"},
           {"CREATE TABLE steps_rows(a INTEGER PRIMARY KEY, b REAL) STRICT, WITHOUT ROWID",
            "of integers, text and bytes"},
           {"CREATE VIEW steps_view AS SELECT 1", "a view or trigger"},
       }) {
    Steps steps(step);
    engine.reset();
    EXPECT_DEATH((void)Engine::open(settings, {&any, watcher.get(), &steps}, ledger, ledger, publisher), why) << step;
  }
}

}  // namespace
}  // namespace redoubt::state::test
