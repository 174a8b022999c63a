#include "net/deadline.h"

#include <gtest/gtest.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <memory>
#include <vector>

namespace redoubt::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class DeadlineTest : public ::testing::Test {
 protected:
  DeadlineTest() { sweep.start(); }
  void run_for(std::chrono::milliseconds time) { io.run_for(time); }

  boost::asio::io_context io{1};
  DeadlineSweep sweep{io};
};

TEST_F(DeadlineTest, ExpiresOnceAndNotEarly) {
  const auto start = steady_clock::now();
  std::vector<std::chrono::milliseconds> at;
  Deadline deadline(
      sweep, [&] { at.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start)); });
  run_for(20ms);
  deadline.arm(120ms);
  EXPECT_FALSE(deadline.expired());
  run_for(500ms);
  ASSERT_EQ(at.size(), 1u);
  EXPECT_GE(at[0], 139ms);
  EXPECT_LT(at[0], 450ms);
  EXPECT_TRUE(deadline.expired());
}

TEST_F(DeadlineTest, DoesNotExpireWhenDisarmed) {
  int expired = 0;
  Deadline deadline(sweep, [&] { ++expired; });
  deadline.arm(50ms);
  deadline.disarm();
  run_for(250ms);
  EXPECT_EQ(expired, 0);
}

TEST_F(DeadlineTest, MovesLaterAndEarlier) {
  int later = 0;
  int earlier = 0;
  Deadline first(sweep, [&] { ++later; });
  Deadline second(sweep, [&] { ++earlier; });
  first.arm(50ms);
  first.arm(10s);
  second.arm(10s);
  second.arm(50ms);
  run_for(300ms);
  EXPECT_EQ(later, 0);
  EXPECT_EQ(earlier, 1);
}

TEST_F(DeadlineTest, MayBeDestroyedByAnother) {
  int expired = 0;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  for (int i = 0; i < 10; ++i) {
    deadlines.push_back(std::make_unique<Deadline>(sweep, [&] {
      ++expired;
      deadlines.resize(1);  // all but the first, which expires first
    }));
    deadlines.back()->arm(50ms);
  }
  run_for(300ms);
  EXPECT_EQ(expired, 1);
}

TEST_F(DeadlineTest, MayBeArmedAgainByItself) {
  int expired = 0;
  Deadline* self = nullptr;
  Deadline deadline(sweep, [&] {
    if (++expired < 3) self->arm(0ms);
  });
  self = &deadline;
  deadline.arm(0ms);
  run_for(600ms);
  EXPECT_EQ(expired, 3);
}

TEST_F(DeadlineTest, MayOutliveItsSweep) {
  auto other = std::make_unique<DeadlineSweep>(io);
  Deadline deadline(*other, [] { FAIL(); });
  deadline.arm(50ms);
  other.reset();
  deadline.arm(20ms);
  run_for(200ms);
  EXPECT_FALSE(deadline.expired());
}

TEST_F(DeadlineTest, KeepsTimeForMoreThanOneTurnOfItsWheel) {
  int expired = 0;
  Deadline deadline(sweep, [&] { ++expired; });
  deadline.arm(1h);
  Deadline other(sweep, [&] { expired += 10; });
  other.arm(100ms);
  run_for(400ms);
  EXPECT_EQ(expired, 10);
}

TEST_F(DeadlineTest, TicksAndTellsTheDate) {
  int ticks = 0;
  sweep.on_tick([&] { ++ticks; });
  const auto before = sweep.now();
  run_for(320ms);
  EXPECT_GE(ticks, 4);
  EXPECT_LE(ticks, 8);
  EXPECT_GE(sweep.now() - before, 200ms);
  const std::string date(sweep.http_date());
  EXPECT_EQ(date.size(), 29u);
  EXPECT_EQ(date.substr(3, 2), ", ");
  EXPECT_EQ(date.substr(25), " GMT");
  sweep.stop();
  run_for(50ms);
  EXPECT_TRUE(io.stopped());
}

}  // namespace
}  // namespace redoubt::net
