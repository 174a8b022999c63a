#include "redoubt/signal_store.h"

#include <gtest/gtest.h>

#include "ledger/tests/support.h"

namespace redoubt::app {
namespace {

constexpr std::uint64_t kAll = UINT64_MAX;
constexpr std::int64_t kDay = 24 * 3'600 * 1'000;

behaviour::Signal signal(std::uint64_t index, std::int64_t time_ms = 1'780'000'000'000) {
  return {.rule = index % 2 == 0 ? "even" : "odd",
          .key = "principal/p" + std::to_string(index),
          .index = index,
          .time = {time_ms},
          .message = "told",
          .entries = {index}};
}

class SignalStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(store_.clear()); }

  void add(std::uint64_t from, std::uint64_t to, std::int64_t time_ms = 1'780'000'000'000) {
    for (std::uint64_t i = from; i < to; ++i) {
      store_.add(signal(i, time_ms));
      ASSERT_TRUE(store_.flush());
    }
  }
  static std::vector<std::uint64_t> all(SignalStore& store, const admin::SignalFilter& filter = {},
                                        std::size_t limit = 7) {
    std::vector<std::uint64_t> out;
    std::uint64_t before = kAll;
    while (true) {
      const auto page = store.read(filter, before, limit);
      EXPECT_TRUE(page) << page.error().message();
      if (!page) return out;
      for (const auto& each : page->signals) {
        EXPECT_EQ(each.number, each.signal.index);
        out.push_back(each.number);
      }
      if (!page->next) return out;
      EXPECT_LT(*page->next, before);
      before = *page->next;
    }
  }
  std::vector<std::string> files() { return *fs_.list("/signals"); }

  ledger::test::FaultFileSystem fs_;
  const SignalStore::Limits limits_{.segment_bytes = 2'000, .segments = 4, .age_ms = 30 * kDay};
  SignalStore store_{fs_, "/signals", limits_};
};

TEST_F(SignalStoreTest, ListsTheNewestFirstOverAllSegments) {
  add(0, 60);
  EXPECT_GT(files().size(), 4U);
  const auto seen = all(store_);
  ASSERT_EQ(seen.size(), 60U);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
  EXPECT_EQ(all(store_, {.rule = "odd"}).size(), 30U);
  EXPECT_EQ(all(store_, {.key = "principal/p3"}), std::vector<std::uint64_t>{3});
  EXPECT_TRUE(all(store_, {.least = behaviour::Severity::kHigh}).empty());
}

TEST_F(SignalStoreTest, CutsBackToWhereASnapshotStoodWhereverThatWas) {
  std::vector<SignalStore::Place> places;
  for (std::uint64_t i = 0; i < 60; ++i) {
    places.push_back(store_.place());
    add(i, i + 1);
  }
  for (std::size_t i = places.size(); i-- > 0;) {
    SignalStore again(fs_, "/signals", limits_);
    ASSERT_TRUE(again.open(places[i])) << i;
    EXPECT_EQ(all(again).size(), i);
    EXPECT_EQ(again.count(), i);
    again.add(signal(i));
    ASSERT_TRUE(again.flush());
    EXPECT_EQ(all(again).size(), i + 1);
  }
}

TEST_F(SignalStoreTest, RefusesAPlaceThatIsNotThere) {
  add(0, 60);
  SignalStore::Place place = store_.place();
  const auto refused = [&](const SignalStore::Place& at) {
    SignalStore again(fs_, "/signals", limits_);
    return !again.open(at);
  };
  EXPECT_FALSE(refused(place));
  ++place.size;
  EXPECT_TRUE(refused(place));
  place = store_.place();
  ++place.segment;
  EXPECT_TRUE(refused(place));
}

TEST_F(SignalStoreTest, ForgetsTheOldestBeyondItsRoom) {
  add(0, 100);
  EXPECT_GT(files().size(), 4U);
  EXPECT_TRUE(store_.begun_since_sync());
  ASSERT_TRUE(store_.sync());
  EXPECT_FALSE(store_.begun_since_sync());
  ASSERT_TRUE(store_.forget_old({1'780'000'000'000}));
  EXPECT_EQ(files().size(), 4U);
  const auto seen = all(store_);
  EXPECT_EQ(seen.front(), 99U);
  EXPECT_EQ(seen.back(), store_.oldest());
  EXPECT_GT(store_.oldest(), 0U);
  // Whoever was in the midst of reading is told so.
  ASSERT_TRUE(store_.read({}, store_.oldest() + 1, 10));
  const auto gone = store_.read({}, store_.oldest(), 10);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Errc::kNotFound);
  SignalStore again(fs_, "/signals", limits_);
  ASSERT_TRUE(again.open(store_.place()));
  EXPECT_EQ(all(again), seen);
}

TEST_F(SignalStoreTest, ForgetsWhatIsOldByTheTimeOfRecords) {
  add(0, 20);
  add(20, 30, 1'780'000'000'000 + 40 * kDay);
  const std::size_t before = files().size();
  ASSERT_TRUE(store_.forget_old({1'780'000'000'000 + 29 * kDay}));
  EXPECT_EQ(files().size(), before);
  ASSERT_TRUE(store_.forget_old({1'780'000'000'000 + 80 * kDay}));
  EXPECT_LT(files().size(), before);
  EXPECT_EQ(all(store_).front(), 29U);
}

TEST_F(SignalStoreTest, SaysThatASegmentIsGone) {
  add(0, 60);
  const std::vector<std::string> names = files();
  ASSERT_GT(names.size(), 3U);
  ASSERT_TRUE(fs_.remove("/signals/" + names[names.size() / 2]));
  SignalStore again(fs_, "/signals", limits_);
  ASSERT_TRUE(again.open(store_.place()));
  ASSERT_TRUE(again.read({}, kAll, 3));
  const auto whole = again.read({}, kAll, 100);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code(), Errc::kCorrupt);
}

TEST_F(SignalStoreTest, SaysThatALineIsDamaged) {
  add(0, 3);
  auto file = fs_.open("/signals/00000000000000000000.jsonl", OpenMode::kReadWrite);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(10, as_bytes("xx")));
  const auto page = store_.read({}, kAll, 10);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Errc::kCorrupt);
}

TEST_F(SignalStoreTest, LooksAtSoManyAtOnceAndNoMore) {
  for (std::uint64_t i = 0; i < SignalStore::kExamineMax + 5; ++i) store_.add(signal(i));
  ASSERT_TRUE(store_.flush());
  const auto page = store_.read({.rule = "none"}, kAll, 10);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->signals.empty());
  EXPECT_EQ(page->next, 5U);
}

}  // namespace
}  // namespace redoubt::app
