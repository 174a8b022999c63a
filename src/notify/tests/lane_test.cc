#include "notify/lane.h"

#include <gtest/gtest.h>

namespace redoubt::notify::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UnixMillis kWall{1'780'000'000'000};

class LaneTest : public testing::Test {
 protected:
  static Notice notice(const std::string& id, Severity severity = Severity::kHigh) {
    return {.id = id, .severity = severity, .time = kWall};
  }
  static Answer failed() { return {.delivered = false, .again = true, .after = {}, .why = "no"}; }
  static Answer good() { return {.delivered = true, .again = false, .after = {}, .why = {}}; }
  // The id of what is taken now; empty: nothing.
  static std::string taken(Lane& lane, LaneTime now) {
    const Notice* const due = lane.take(now);
    return due == nullptr ? std::string() : due->id;
  }

  LaneTime now{hours(1)};
};

TEST_F(LaneTest, SendsInOrderOneAtATime) {
  Lane lane({}, 1);
  EXPECT_FALSE(lane.wake_at());
  ASSERT_FALSE(lane.offer(notice("a"), now));
  ASSERT_FALSE(lane.offer(notice("b"), now));
  EXPECT_EQ(lane.wake_at(), now);
  EXPECT_EQ(taken(lane, now), "a");
  EXPECT_EQ(taken(lane, now), "") << "one is under way";
  EXPECT_FALSE(lane.wake_at());
  EXPECT_EQ(lane.done(good(), now, kWall).outcome, Outcome::kDelivered);
  EXPECT_EQ(taken(lane, now), "b");
}

TEST_F(LaneTest, TriesAgainLaterAndLaterAndThenNoMore) {
  Lane lane({.attempts = 4}, 7);
  ASSERT_FALSE(lane.offer(notice("a"), now));
  milliseconds most = seconds(1);
  for (unsigned attempt = 1; attempt <= 4; ++attempt) {
    ASSERT_EQ(taken(lane, now), "a") << attempt;
    const Attempt what = lane.done(failed(), now, kWall);
    EXPECT_EQ(what.number, attempt);
    EXPECT_EQ(what.why, "no");
    if (attempt == 4) {
      EXPECT_EQ(what.outcome, Outcome::kGivenUp);
      break;
    }
    EXPECT_EQ(what.outcome, Outcome::kDelayed);
    ASSERT_TRUE(lane.wake_at());
    EXPECT_LE(*lane.wake_at() - now, most);
    now = *lane.wake_at();
    most *= 2;
  }
  EXPECT_EQ(lane.waiting(), 0u);
}

TEST_F(LaneTest, WhatIsNoUseIsNotTriedAgain) {
  Lane lane({}, 1);
  ASSERT_FALSE(lane.offer(notice("a"), now));
  ASSERT_EQ(taken(lane, now), "a");
  EXPECT_EQ(lane.done({.why = "the endpoint answers 400"}, now, kWall).outcome, Outcome::kGivenUp);
}

TEST_F(LaneTest, WaitsAsLongAsTheReceiverAsks) {
  Lane lane({}, 1);
  ASSERT_FALSE(lane.offer(notice("a"), now));
  ASSERT_EQ(taken(lane, now), "a");
  Answer busy = failed();
  busy.after = minutes(10);
  EXPECT_EQ(lane.done(busy, now, kWall).outcome, Outcome::kDelayed);
  EXPECT_EQ(lane.wake_at(), now + minutes(10));
  EXPECT_EQ(taken(lane, now + minutes(9)), "");
  now += minutes(10);
  ASSERT_EQ(taken(lane, now), "a");
  busy.after = hours(10);
  EXPECT_EQ(lane.done(busy, now, kWall).outcome, Outcome::kGivenUp) << "longer than it has time";
}

TEST_F(LaneTest, KeepsThePaceThatSlackAsksFor) {
  Lane lane(limits_of(EndpointType::kSlack), 1);
  ASSERT_FALSE(lane.offer(notice("a"), now));
  ASSERT_FALSE(lane.offer(notice("b"), now));
  ASSERT_EQ(taken(lane, now), "a");
  lane.done(good(), now, kWall);
  EXPECT_EQ(taken(lane, now + milliseconds(999)), "");
  ASSERT_TRUE(lane.wake_at());
  EXPECT_GE(*lane.wake_at(), now + seconds(1));
  EXPECT_EQ(taken(lane, *lane.wake_at()), "b");
}

TEST_F(LaneTest, ItsTimeEndsWhileItWaits) {
  Lane lane({.deadline = minutes(5)}, 1);
  ASSERT_FALSE(lane.offer(notice("a"), now));
  EXPECT_FALSE(lane.expired(now + minutes(4), kWall));
  EXPECT_EQ(taken(lane, now + minutes(5)), "");
  const auto gone = lane.expired(now + minutes(5), kWall);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->outcome, Outcome::kGivenUp);
  EXPECT_EQ(gone->number, 0u);
}

TEST_F(LaneTest, WhenItIsFullTheLeastSevereGivesWay) {
  Lane lane({.waiting = 3}, 1);
  ASSERT_FALSE(lane.offer(notice("a", Severity::kMedium), now));
  ASSERT_FALSE(lane.offer(notice("b", Severity::kLow), now));
  ASSERT_FALSE(lane.offer(notice("c", Severity::kLow), now));
  auto dropped = lane.offer(notice("d", Severity::kHigh), now);
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->notice.id, "b") << "the oldest of the least severe";
  EXPECT_EQ(dropped->outcome, Outcome::kDropped);
  dropped = lane.offer(notice("e", Severity::kLow), now);
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->notice.id, "e");
  EXPECT_EQ(lane.waiting(), 3u);
}

// Whatever happens, each notice ends exactly once, and no more wait than may.
TEST_F(LaneTest, EachNoticeEndsOnce) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Lane lane({.waiting = 8, .pace = milliseconds(100), .attempts = 3, .deadline = minutes(2)}, seed);
  unsigned offered = 0;
  unsigned ended = 0;
  for (int step = 0; step < 20'000; ++step) {
    now += milliseconds(random() % 1500);
    if (random() % 4 == 0) {
      ++offered;
      ended += lane.offer(notice("n", static_cast<Severity>(random() % 4)), now).has_value() ? 1 : 0;
    }
    while (lane.expired(now, kWall)) ++ended;
    if (lane.take(now) != nullptr) {
      const unsigned how = random() % 3;
      const Answer answer{.delivered = how == 0, .again = how == 1, .after = {}, .why = {}};
      ended += lane.done(answer, now, kWall).outcome != Outcome::kDelayed ? 1 : 0;
    }
    ASSERT_LE(lane.waiting(), 9u) << "what is tried again has its place, too";
    ASSERT_EQ(ended + lane.waiting(), offered);
  }
}

}  // namespace
}  // namespace redoubt::notify::test
