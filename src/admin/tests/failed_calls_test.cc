#include "admin/failed_calls.h"

#include <gtest/gtest.h>

namespace redoubt::admin {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

const FailedCalls::Time kStart{std::chrono::hours(1)};

TEST(FailedCalls, AreSlowerEachTimeUpToABound) {
  FailedCalls failed;
  std::vector<milliseconds> delays;
  for (int i = 0; i < 12; ++i) {
    const auto delay = failed.add("192.0.2.1", kStart);
    ASSERT_TRUE(delay);
    delays.push_back(*delay);
    if (delay->count() > 0) failed.waited();
  }
  EXPECT_EQ(delays, (std::vector<milliseconds>{0ms, 0ms, 0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 3200ms,
                                               3200ms, 3200ms}));
}

TEST(FailedCalls, OfOneSourceDoNotSlowAnother) {
  FailedCalls failed;
  for (int i = 0; i < 5; ++i) static_cast<void>(failed.add("192.0.2.1", kStart));
  EXPECT_EQ(failed.add("192.0.2.2", kStart), 0ms);
}

TEST(FailedCalls, OfOneIpv6NetworkAreOfOneSource) {
  FailedCalls failed;
  for (const char* address : {"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"}) {
    EXPECT_EQ(failed.add(address, kStart), 0ms);
  }
  EXPECT_EQ(failed.add("2001:db8::4", kStart), 100ms);
  EXPECT_EQ(failed.add("2001:db8:0:1::1", kStart), 0ms);
}

TEST(FailedCalls, AreForgottenAfterAQuietTime) {
  FailedCalls failed;
  for (int i = 0; i < 5; ++i) static_cast<void>(failed.add("local", kStart));
  EXPECT_EQ(failed.add("local", kStart + FailedCalls::kForgetAfter), 0ms);
}

TEST(FailedCalls, WaitInABoundedNumber) {
  FailedCalls failed;
  std::size_t waiting = 0;
  for (int i = 0; i < 200; ++i) {
    const auto delay = failed.add("192.0.2.1", kStart);
    waiting += delay && delay->count() > 0 ? 1 : 0;
  }
  EXPECT_EQ(waiting, FailedCalls::kMaxWaiting);
  EXPECT_FALSE(failed.add("192.0.2.1", kStart));
  failed.waited();
  EXPECT_TRUE(failed.add("192.0.2.1", kStart));
}

TEST(FailedCalls, AreRememberedOfABoundedNumberOfSources) {
  FailedCalls failed;
  for (std::size_t i = 0; i < 3 * FailedCalls::kMaxSources; ++i) {
    const auto delay = failed.add("source" + std::to_string(i), kStart);
    if (delay && delay->count() > 0) failed.waited();
  }
  EXPECT_LE(failed.sources_for_test(), FailedCalls::kMaxSources + 1);
  // Who comes after a quiet time is known by name again.
  EXPECT_EQ(failed.add("new", kStart + FailedCalls::kForgetAfter), 0ms);
  EXPECT_LE(failed.sources_for_test(), 1U);
}

}  // namespace
}  // namespace redoubt::admin
