#include "state/internal/table_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "state/internal/commit_beside.h"
#include "state/internal/database.h"

namespace redoubt::state::test {
namespace {

std::string bytes(std::initializer_list<Column> columns) {
  RowWriter out;
  out.append(columns);
  return std::string(out.bytes());
}

TEST(TableRows, KnowWhatTheyWereTold) {
  TableRows rows;
  EXPECT_EQ(rows.find(bytes({1})), nullptr);
  (void)rows.learn(bytes({1}), bytes({1, "one"}));
  (void)rows.learn(bytes({2}), {});
  EXPECT_EQ(BytesRow(rows.find(bytes({1}))->bytes()).text(1), "one");
  EXPECT_TRUE(rows.find(bytes({2}))->bytes().empty());
  EXPECT_EQ(rows.changed(), 0U);
  rows.set(bytes({2}), bytes({2, "two"}));
  rows.set(bytes({1}), {});
  rows.set(bytes({2}), bytes({2, "more than two"}));
  EXPECT_EQ(rows.changed(), 2U);
  EXPECT_TRUE(rows.find(bytes({1}))->bytes().empty());
  EXPECT_EQ(BytesRow(rows.find(bytes({2}))->bytes()).text(1), "more than two");
  EXPECT_EQ(rows.take_changed().size(), 2U);
  EXPECT_EQ(rows.changed(), 0U);
  EXPECT_GT(rows.size_bytes(), 0U);
  rows.clear();
  EXPECT_EQ(rows.find(bytes({2})), nullptr);
  EXPECT_EQ(rows.size_bytes(), 0U);
}

TEST(TableRows, KnowWhichRowsTheDatabaseMayHave) {
  TableRows rows;
  (void)rows.learn(bytes({1}), {});
  (void)rows.learn(bytes({2}), bytes({2, "two"}));
  rows.set(bytes({1}), bytes({1, "new"}));
  rows.set(bytes({2}), {});
  rows.set(bytes({3}), bytes({3, "whatever was there"}));
  rows.set(bytes({4}), bytes({4, "new"}), false);
  const auto taken = [&] {
    std::vector<std::int64_t> keys;
    for (const TableRows::Entry* one : rows.take_changed()) keys.push_back(BytesRow(one->key).integer(0));
    return keys;
  };
  EXPECT_EQ(taken(), (std::vector<std::int64_t>{1, 2, 3, 4}));
  // They are written now. What goes is to be removed where there may be a row, and there only.
  rows.set(bytes({2}), bytes({2, "again"}));
  rows.set(bytes({5}), bytes({5, "comes"}), false);
  for (int key = 1; key <= 5; ++key) rows.set(bytes({key}), {});
  EXPECT_EQ(taken(), (std::vector<std::int64_t>{1, 3, 4}));
}

TEST(TableRows, ChangedOnesComeInTheOrderOfTheirKeys) {
  std::mt19937_64 random(7);
  TableRows rows;
  std::map<std::pair<std::int64_t, std::string>, bool> keys;
  for (int i = 0; i < 3000; ++i) {
    const std::int64_t number = std::int64_t(random() % 5) - 2;
    std::string text(random() % 90, 'a');
    if (random() % 2 == 0) text += static_cast<char>('a' + random() % 26);
    if (random() % 2 == 0) text += "\xE2\x82\xAC";
    keys[{number, text}] = true;
    rows.set(bytes({number, text}), bytes({number, text, i}));
  }
  const auto changed = rows.take_changed();
  ASSERT_EQ(changed.size(), keys.size());
  auto expected = keys.begin();
  for (const TableRows::Entry* one : changed) {
    const BytesRow row(one->key);
    EXPECT_EQ(std::pair(row.integer(0), std::string(row.text(1))), expected->first);
    ++expected;
  }
}

TEST(TableRows, AllOfThemAreGiven) {
  TableRows rows;
  std::map<std::int64_t, std::string> expected;
  rows.each([](std::string_view) { return true; });  // of none
  for (std::int64_t key = 0; key < 5000; ++key) {
    const std::string text(static_cast<std::size_t>(key % 700), 'x');  // enough for pages of their own
    rows.set(bytes({key}), bytes({key, text}));
    if (key % 3 == 0) {
      rows.set(bytes({key}), {});
    } else {
      expected[key] = text;
    }
  }
  rows.learn_if_new(bytes({1}), bytes({1, "the database has it otherwise"}));
  rows.learn_if_new(bytes({5000}), bytes({5000, "new"}));
  expected[5000] = "new";
  std::map<std::int64_t, std::string> given;
  rows.each([&](std::string_view row) {
    EXPECT_TRUE(given.emplace(BytesRow(row).integer(0), BytesRow(row).text(1)).second);
    return true;
  });
  EXPECT_EQ(given, expected);
  int some = 0;
  rows.each([&](std::string_view) { return ++some < 10; });
  EXPECT_EQ(some, 10);
}

TEST(TableRows, RowsAlikeInColumnsThatLieApartAreKeptUp) {
  std::mt19937_64 random(9);
  TableRows rows;
  const std::size_t index = rows.index_by({3, 1});
  std::map<std::int64_t, std::pair<std::string, std::int64_t>> expected;  // the two columns, by the key
  for (int i = 0; i < 3000; ++i) {
    const std::int64_t key = std::int64_t(random() % 100);
    const std::string text(random() % 4, 'x');
    const std::int64_t number = std::int64_t(random() % 3);
    rows.set(bytes({key}), bytes({key, number, i, text}));
    expected[key] = {text, number};
  }
  std::size_t found = 0;
  for (std::size_t size = 0; size < 4; ++size) {
    for (std::int64_t number = 0; number < 3; ++number) {
      const std::string text(size, 'x');
      for (const TableRows::Entry* entry : rows.alike(index, bytes({text, number})).entries) {
        EXPECT_EQ(expected[BytesRow(entry->bytes()).integer(0)], std::pair(text, number));
        ++found;
      }
    }
  }
  EXPECT_EQ(found, expected.size());
}

TEST(RowBytes, AreReadAsTheyWereWritten) {
  const std::string large(5000, 'l');
  RowWriter writer;
  for (int round = 0; round < 2; ++round) {
    writer.clear();
    EXPECT_TRUE(writer.bytes().empty());
    writer.append({-1, "", std::nullopt, large});
    writer.append(as_bytes(large));
    const std::string parts(writer.bytes());
    writer.append_bytes(BytesRow(parts).bytes(0, 3));
    writer.append_bytes({});
    const BytesRow row(writer.bytes());
    ASSERT_EQ(row.size(), 8U);
    for (const int first : {0, 5}) {
      EXPECT_EQ(row.integer(first), -1);
      EXPECT_FALSE(row.is_null(first + 1));
      EXPECT_EQ(row.text(first + 1), "");
      EXPECT_TRUE(row.is_null(first + 2));
    }
    EXPECT_EQ(row.text(3), large);
    EXPECT_EQ(as_chars(row.blob(4)), large);
    EXPECT_EQ(row.bytes(2), row.bytes(7));
    EXPECT_EQ(row.bytes(0, 3), row.bytes(5, 8));
  }
}

// A table in memory takes the low bits, and looks at a key only where all 64 are the same.
TEST(RowBytes, HashesOfKeysThatDifferInOneByteDoNotGather) {
  for (const std::size_t size : {1, 5, 7, 8, 9, 17, 32}) {
    std::map<std::uint64_t, int> whole;
    std::map<std::uint64_t, int> low;
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 1; c < 256; ++c) {
        std::string key(size, 'k');
        key[at] = static_cast<char>(c);
        if (c == 'k' && at > 0) continue;
        ++whole[hash_bytes(key)];
        ++low[hash_bytes(key) % 64];
      }
    }
    const auto most = [](const auto& counts) {
      return std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; })
          ->second;
    };
    EXPECT_EQ(most(whole), 1) << size;
    EXPECT_LE(most(low), 20 + 3 * static_cast<int>(size * 255 / 64)) << size;
  }
}

TEST(TableRows, RowsAlikeAreKeptUp) {
  std::mt19937_64 random(8);
  TableRows rows;
  std::map<std::int64_t, std::int64_t> expected;  // the second column, by the key
  std::size_t index = 0;
  for (int i = 0; i < 5000; ++i) {
    if (i == 1000) index = rows.index_by({1});  // of rows that are there and of those that come
    const std::int64_t key = std::int64_t(random() % 200);
    if (random() % 4 == 0) {
      rows.set(bytes({key}), {});
      expected.erase(key);
    } else {
      const std::int64_t value = std::int64_t(random() % 10);
      rows.set(bytes({key}), bytes({key, value, std::string(random() % 3, 'x')}));
      expected[key] = value;
    }
  }
  EXPECT_EQ(rows.index_by({1}), index);
  for (std::int64_t value = 0; value < 10; ++value) {
    std::vector<std::int64_t> found;
    for (const TableRows::Entry* entry : rows.alike(index, bytes({value})).entries) {
      found.push_back(BytesRow(entry->bytes()).integer(0));
    }
    std::sort(found.begin(), found.end());
    std::vector<std::int64_t> wanted;
    for (const auto& [key, held] : expected) {
      if (held == value) wanted.push_back(key);
    }
    EXPECT_EQ(found, wanted);
  }
}

class CommitBesideTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open(":memory:", Database::Use::kScratch);
    ASSERT_TRUE(opened);
    database = *std::move(opened);
    ASSERT_TRUE(
        database->script("CREATE TABLE any_rows(id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, "
                         "WITHOUT ROWID; CREATE TABLE any_more(id INTEGER NOT NULL PRIMARY KEY) STRICT, "
                         "WITHOUT ROWID; CREATE TABLE state_rows(id INTEGER NOT NULL PRIMARY KEY) STRICT, "
                         "WITHOUT ROWID"));
    ASSERT_TRUE(database->begin());
    {
      const Database::Writing writing(*database, "any");
      ASSERT_TRUE(database->run("INSERT INTO any_more VALUES(7)", {}));
    }
    Database::KeepRows keep(*database, 64 * 1024 * 1024);
    keep.leave();
    {
      const Database::Writing writing(*database, "any");
      for (int i = 0; i < 10'000; ++i) database->put("any_rows", {i, "row"});
    }
    const Database::Writing writing(*database, "state");
    database->put("state_rows", {1});
  }
  // Writes not before it is told to.
  void begin() {
    Database& written = *database;
    beside.emplace(std::move(database), [this, &written]() -> Result<std::unique_ptr<Database>> {
      go.get_future().wait();
      if (auto done = written.commit_leaving_rows(); !done) return done.error();
      return std::unique_ptr<Database>();
    });
  }
  static int count(Tables& tables, Name table) {
    int rows = 0;
    EXPECT_TRUE(tables.each_row(table, [&](const Row&) { return ++rows > 0; }));
    return rows;
  }

  std::unique_ptr<Database> database;
  std::promise<void> go;
  std::optional<CommitBeside> beside;
};

TEST_F(CommitBesideTest, RowsInMemoryAreReadBeforeTheyAreWritten) {
  begin();
  EXPECT_EQ(count(*beside, "any_rows"), 10'000);
  const auto row = beside->find_row("any_rows", {9'999});
  ASSERT_TRUE(row && *row != nullptr);
  EXPECT_EQ((*row)->text(1), "row");
  EXPECT_EQ(beside->find("any_rows", {10'000}), nullptr);
  EXPECT_FALSE(beside->ended());
  go.set_value();
  // What waits for the end sees the same.
  EXPECT_EQ(count(*beside, "any_more"), 1);
  EXPECT_EQ(count(*beside, "state_rows"), 1);
  EXPECT_TRUE(beside->ended());
  EXPECT_EQ(beside->integer("SELECT count(*) FROM any_rows", {}), 10'000);
  EXPECT_EQ(count(*beside, "any_rows"), 10'000);
  int alike = 0;
  EXPECT_TRUE(beside->each_alike("any_rows", {5}, [&](const Row&) { return ++alike > 0; }));
  EXPECT_EQ(alike, 1);
  // Whoever has the tables may keep them.
  auto finished = beside->finish();
  ASSERT_TRUE(finished);
  EXPECT_EQ(count(*beside, "any_rows"), 10'000);
  EXPECT_NE(beside->find("any_rows", {9'999}), nullptr);
  EXPECT_EQ((*finished)->integer("SELECT count(*) FROM any_rows", {}), 10'000);
}

TEST_F(CommitBesideTest, AnErrorOfTheWritingIsThatOfAllThatWaitsForIt) {
  {
    const Database::Writing writing(*database, "any");
    database->put("any_rows", {10'001, std::nullopt});  // breaks a rule of the table
  }
  begin();
  go.set_value();
  int rows = 0;
  EXPECT_TRUE(beside->each_row("any_rows", [&](const Row& row) {
    // Rows stay where they are while they are read, whatever becomes of the commit.
    if (++rows == 1) {
      EXPECT_FALSE(beside->run("DELETE FROM any_rows", {}));
    }
    return !row.is_null(0);
  }));
  EXPECT_EQ(rows, 10'001);
  EXPECT_FALSE(beside->each("SELECT * FROM any_rows", {}, [](const Row&) { return true; }));
  EXPECT_FALSE(beside->each_row("any_more", [](const Row&) { return true; }));
  auto finished = beside->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Errc::kCorrupt);
  EXPECT_FALSE(beside->find_row("any_rows", {1}));
  EXPECT_FALSE(beside->each_row("any_rows", [](const Row&) { return true; }));
  EXPECT_FALSE(beside->run("DELETE FROM any_rows", {}));
}

// Within a transaction: new, changed and removed rows beside those that only the database has.
TEST(DatabaseRows, AllRowsAreGivenAsTheyWereChanged) {
  for (const std::size_t keep_bytes : {std::size_t{0}, std::size_t{64} * 1024 * 1024}) {
    auto opened = Database::open(":memory:", Database::Use::kScratch);
    ASSERT_TRUE(opened);
    Database& database = **opened;
    ASSERT_TRUE(
        database.script("CREATE TABLE any_rows(id INTEGER NOT NULL PRIMARY KEY, text TEXT) STRICT, WITHOUT ROWID"));
    ASSERT_TRUE(database.begin());
    {
      const Database::Writing writing(database, "any");
      for (int i = 0; i < 5; ++i) database.put("any_rows", {i, "old"});
    }
    ASSERT_TRUE(database.commit());
    const Database::KeepRows keep(database, keep_bytes);
    ASSERT_TRUE(database.begin());
    const Database::Writing writing(database, "any");
    database.put("any_rows", {1, "new"});
    database.erase("any_rows", {2});
    database.put("any_rows", {7, "more"});
    database.put("any_rows", {8, "more"});
    database.erase("any_rows", {8});
    EXPECT_NE(database.find("any_rows", {3}), nullptr);  // known, and not changed
    std::map<std::int64_t, std::string> found;
    EXPECT_TRUE(database.each_row("any_rows", [&](const Row& row) {
      EXPECT_TRUE(found.emplace(row.integer(0), row.text(1)).second) << "twice";
      return true;
    }));
    EXPECT_EQ(found,
              (std::map<std::int64_t, std::string>{{0, "old"}, {1, "new"}, {3, "old"}, {4, "old"}, {7, "more"}}));
    int given = 0;
    EXPECT_TRUE(database.each_row("any_rows", [&](const Row&) { return ++given < 4; }));
    EXPECT_EQ(given, 4) << "it was said to stop";
    ASSERT_TRUE(database.commit());
    EXPECT_EQ(database.integer("SELECT count(*) FROM any_rows", {}), 5);
  }
}

// A table of the even numbers, in which so many are looked for that all its rows are read.
TEST(DatabaseRows, WhatIsNotThereIsToldFromWhatIs) {
  auto opened = Database::open(":memory:", Database::Use::kScratch);
  ASSERT_TRUE(opened);
  Database& database = **opened;
  ASSERT_TRUE(
      database.script("CREATE TABLE any_rows(id INTEGER NOT NULL PRIMARY KEY, text TEXT) STRICT, WITHOUT ROWID"));
  ASSERT_TRUE(database.begin());
  {
    const Database::Writing writing(database, "any");
    for (int i = 0; i < 3000; ++i) database.put("any_rows", {2 * i, "even"});
  }
  ASSERT_TRUE(database.commit());

  const Database::KeepRows keep(database, 64 * 1024 * 1024);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(database.begin());
    for (int i = 0; i < 9000; ++i) {
      const bool there = (i % 2 == 0 && i < 6000) || (round == 1 && i == 8001);
      EXPECT_EQ(database.find("any_rows", {i}) != nullptr, there && !(round == 1 && i == 4000)) << i;
    }
    const Database::Writing writing(database, "any");
    database.put("any_rows", {8001, "odd"});
    database.erase("any_rows", {4000});
    EXPECT_EQ(database.find("any_rows", {8001})->text(1), "odd");
    EXPECT_EQ(database.find("any_rows", {4000}), nullptr);
    ASSERT_TRUE(database.commit());
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM any_rows", {}), 3000);
}

}  // namespace
}  // namespace redoubt::state::test
