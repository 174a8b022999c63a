#include "state/internal/table_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "state/internal/database.h"
#include "state/internal/key_filter.h"

namespace redoubt::state::test {
namespace {

std::string bytes(std::initializer_list<Column> columns) {
  std::string out;
  append_columns(out, std::span(columns.begin(), columns.size()));
  return out;
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
  const auto stored = [&] {
    std::vector<bool> all;
    for (const TableRows::Changed& one : rows.take_changed()) all.push_back(one.stored);
    return all;
  };
  EXPECT_EQ(stored(), (std::vector<bool>{false, true, true, false}));
  // They are written now.
  for (int key = 1; key <= 4; ++key) rows.set(bytes({key}), bytes({key, "other"}));
  EXPECT_EQ(stored(), (std::vector<bool>{true, false, true, true}));
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
  for (const TableRows::Changed& one : changed) {
    const BytesRow row(one.entry->key);
    EXPECT_EQ(std::pair(row.integer(0), std::string(row.text(1))), expected->first);
    ++expected;
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

TEST(KeyFilter, KnowsItsKeysAndFewOthers) {
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 10'000; ++i) hashes.push_back(KeyFilter::hash(bytes({i, "key"})));
  const KeyFilter filter(hashes);
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(filter.may_have(bytes({i, "key"})));
  int mistaken = 0;
  for (int i = 10'000; i < 30'000; ++i) mistaken += filter.may_have(bytes({i, "key"})) ? 1 : 0;
  EXPECT_LT(mistaken, 20'000 / 25);
  EXPECT_FALSE(KeyFilter(std::vector<std::uint64_t>()).may_have(bytes({1})));
}

// A table of the even numbers, in which so many odd ones are looked for that its keys are read.
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
