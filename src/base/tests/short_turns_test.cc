#include "base/short_turns.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <thread>

namespace redoubt {
namespace {

// Of the calling thread, from the bytes that sched_getattr(2) gives.
std::uint64_t turn_nanoseconds() {
  std::array<unsigned char, 48> bytes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, bytes.data(), bytes.size(), 0), 0);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data() + 24, sizeof out);
  return out;
}

bool kernel_knows_turns() {
  utsname system{};
  unsigned major = 0;
  unsigned minor = 0;
  if (::uname(&system) != 0 || std::sscanf(system.release, "%u.%u", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 12);
}

TEST(ShortTurns, AreTheCallingThreadsAlone) {
  if (!kernel_knows_turns()) GTEST_SKIP() << "Linux before 6.12";
  const std::uint64_t before = turn_nanoseconds();
  ASSERT_NE(before, kShortTurnNanoseconds);
  std::uint64_t taken = 0;
  std::thread([&] {
    EXPECT_TRUE(take_short_turns());
    taken = turn_nanoseconds();
  }).join();
  EXPECT_EQ(taken, kShortTurnNanoseconds);
  EXPECT_EQ(turn_nanoseconds(), before);
}

TEST(ShortTurns, LeavePolicyAndNiceValue) {
  std::thread([] {
    const sched_param batch{.sched_priority = 0};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_BATCH, &batch), 0);
    constexpr int kNicest = 19;
    const int nice = std::min(::getpriority(PRIO_PROCESS, 0) + 2, kNicest);
    ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, nice), 0);
    EXPECT_TRUE(take_short_turns());
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
  }).join();
}

}  // namespace
}  // namespace redoubt
