#include "ledger/level_waiters.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

namespace redoubt::ledger {
namespace {

struct Waiter final : LevelWaiter {
  void reached(Result<> r) override {
    EXPECT_FALSE(result) << "told twice";
    result = std::move(r);
    if (then) then();
  }
  bool told() const { return result && result->has_value(); }
  std::optional<Result<>> result;
  std::function<void()> then;
};

constexpr CommitPoint published(std::uint64_t index, LogNumber log = kSystemLog) {
  return {.log = log, .level = CommitLevel::kPublished, .index = {index}};
}
constexpr CommitPoint cosigned(std::uint64_t index) {
  return {.level = CommitLevel::kCosigned, .index = {index}};
}

TEST(CommitLevel, IsReadAsItIsWrittenAndNothingElse) {
  EXPECT_EQ(parse_commit_level("durable"), CommitLevel::kDurable);
  EXPECT_EQ(parse_commit_level("published"), CommitLevel::kPublished);
  EXPECT_EQ(parse_commit_level("cosigned"), CommitLevel::kCosigned);
  for (const std::string_view text : {"", "Durable", "publish", "published ", "witnessed"}) {
    EXPECT_FALSE(parse_commit_level(text)) << text;
  }
  EXPECT_LT(CommitLevel::kDurable, CommitLevel::kPublished);
  EXPECT_LT(CommitLevel::kPublished, CommitLevel::kCosigned);
}

TEST(LevelWaiters, AreToldWhenTheSizeExceedsTheirIndexAndNotBefore) {
  LevelWaiters waiters;
  Waiter at_four, at_five;
  ASSERT_TRUE(waiters.add(published(5), &at_five));
  ASSERT_TRUE(waiters.add(published(4), &at_four));
  waiters.release(kSystemLog, CommitLevel::kPublished, 4);
  EXPECT_FALSE(at_four.result);
  waiters.release(kSystemLog, CommitLevel::kPublished, 5);
  EXPECT_TRUE(at_four.told());
  EXPECT_FALSE(at_five.result);
  waiters.release(kSystemLog, CommitLevel::kPublished, 100);
  EXPECT_TRUE(at_five.told());
  waiters.release(kSystemLog, CommitLevel::kPublished, 101);
}

TEST(LevelWaiters, AnotherLogOrLevelTellsNobody) {
  LevelWaiters waiters;
  Waiter system, tenant, witnessed;
  ASSERT_TRUE(waiters.add(published(0), &system));
  ASSERT_TRUE(waiters.add(published(0, 1), &tenant));
  ASSERT_TRUE(waiters.add(cosigned(0), &witnessed));
  waiters.release(2, CommitLevel::kPublished, 100);
  EXPECT_FALSE(system.result || tenant.result || witnessed.result);
  waiters.release(1, CommitLevel::kPublished, 100);
  EXPECT_TRUE(tenant.told());
  EXPECT_FALSE(system.result || witnessed.result);
  waiters.release(kSystemLog, CommitLevel::kPublished, 100);
  EXPECT_TRUE(system.told());
  EXPECT_FALSE(witnessed.result);
  waiters.release(kSystemLog, CommitLevel::kCosigned, 1);
  EXPECT_TRUE(witnessed.told());
}

TEST(LevelWaiters, OneThatWasAbandonedIsNotTold) {
  LevelWaiters waiters;
  Waiter gone, stays;
  ASSERT_TRUE(waiters.add(published(0), &gone));
  ASSERT_TRUE(waiters.add(published(0), &stays));
  waiters.remove(published(0), &gone);
  waiters.release(kSystemLog, CommitLevel::kPublished, 1);
  EXPECT_FALSE(gone.result);
  EXPECT_TRUE(stays.told());
}

TEST(LevelWaiters, WhoIsToldMayAbandonAndAddOthers) {
  LevelWaiters waiters;
  Waiter first, abandoned, added;
  first.then = [&] {
    waiters.remove(published(1), &abandoned);
    ASSERT_TRUE(waiters.add(published(7), &added));
  };
  ASSERT_TRUE(waiters.add(published(0), &first));
  ASSERT_TRUE(waiters.add(published(1), &abandoned));
  waiters.release(kSystemLog, CommitLevel::kPublished, 2);
  EXPECT_TRUE(first.told());
  EXPECT_FALSE(abandoned.result);
  EXPECT_FALSE(added.result);
  waiters.release(kSystemLog, CommitLevel::kPublished, 8);
  EXPECT_TRUE(added.told());
}

TEST(LevelWaiters, TheEndTellsEverybodyWhy) {
  LevelWaiters waiters;
  Waiter one, other;
  ASSERT_TRUE(waiters.add(published(0), &one));
  ASSERT_TRUE(waiters.add(cosigned(9), &other));
  waiters.end(Error(Errc::kUnavailable, "gone"));
  ASSERT_TRUE(one.result && other.result);
  EXPECT_EQ(one.result->error().code(), Errc::kUnavailable);
  EXPECT_EQ(other.result->error().code(), Errc::kUnavailable);
}

TEST(LevelWaiters, AreBounded) {
  LevelWaiters waiters;
  std::vector<Waiter> many(LevelWaiters::kMax);
  for (Waiter& waiter : many) ASSERT_TRUE(waiters.add(published(3), &waiter));
  Waiter more;
  const auto refused = waiters.add(published(3), &more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kResourceExhausted);
  waiters.release(kSystemLog, CommitLevel::kPublished, 4);
  EXPECT_FALSE(more.result);
  EXPECT_TRUE(many.back().told());
  EXPECT_TRUE(waiters.add(published(3), &more));
}

}  // namespace
}  // namespace redoubt::ledger
