// What many threads do at once to the same meters.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "limits/meters.h"
#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

constexpr int kThreads = 4;

template <class Work>
void run_threads(Work&& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST(MetersThreads, ExactlyTheAmountPassesInAWindow) {
  constexpr std::uint64_t kAmount = 20'000;
  Meters meters(kTestKey, 1024);
  const Limits limits = Limits()
                            .with(window(SubjectType::kTenant, "t", Quantity::kRequests, Period::kDay, kAmount))
                            .with(window(SubjectType::kPrincipal, "*", Quantity::kRequests, Period::kDay, kAmount));
  std::atomic<std::uint64_t> passed = 0;
  run_threads([&](int thread) {
    const std::string principal = "p" + std::to_string(thread);
    for (std::uint64_t i = 0; i < kAmount; ++i) {
      if (meters.admit(limits, {.principal = principal, .tenant = "t"}, kRequest, at())) ++passed;
    }
  });
  EXPECT_EQ(passed, kAmount);
}

// Requests of any size; whatever refuses one limit must not be charged to the other for longer than the call.
TEST(MetersThreads, NeverMoreThanTheAmountPassesAndNothingIsLost) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  constexpr std::uint64_t kAmount = 300'000;
  Meters meters(kTestKey, 1024);
  const Limit shared = window(SubjectType::kTenant, "t", Quantity::kTokens, Period::kDay, kAmount);
  const Limit flowing = bucket(SubjectType::kModel, "m", Quantity::kTokens, Period::kMonth, kAmount);
  const Limit own = window(SubjectType::kPrincipal, "*", Quantity::kTokens, Period::kDay, kAmount / kThreads);
  const Limits limits = Limits::of(std::array{shared, flowing, own});
  std::atomic<std::uint64_t> counted = 0;
  run_threads([&](int thread) {
    std::mt19937_64 random(seed + static_cast<unsigned>(thread));
    const std::string principal = "p" + std::to_string(thread);
    const Subjects subjects = {.principal = principal, .tenant = "t", .model = "m"};
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t estimate = random() % 100;
      Admission admission = meters.admit(limits, subjects, {.requests = 1, .tokens = estimate}, at());
      if (!admission) continue;
      std::uint64_t flowed = 0;
      for (int events = static_cast<int>(random() % 4); events > 0; --events) {
        const std::uint64_t tokens = random() % 60;
        if (!admission.add({.tokens = tokens}, at())) break;
        flowed += tokens;
      }
      if (random() % 2 == 0) admission.settle({.tokens = flowed}, at());
      counted += flowed;
    }
  });
  EXPECT_LE(counted, kAmount);
  EXPECT_EQ(meters.standing(shared, "t", at()).remaining, kAmount - counted);
  EXPECT_EQ(meters.standing(flowing, "m", at()).remaining, kAmount - counted);
}

// Meters that are forgotten all the time, while they are used: each window still has its amount and no more.
TEST(MetersThreads, ForgettingLosesNoUse) {
  constexpr std::int64_t kWindows = 300;
  constexpr int kSubjects = 50;
  constexpr std::uint64_t kAmount = 3;
  Meters meters(kTestKey, 4 * kSubjects);
  const Limits limits =
      Limits().with(window(SubjectType::kPrincipal, "*", Quantity::kRequests, Period::kMinute, kAmount));
  std::vector<std::string> names;
  for (int i = 0; i < kSubjects; ++i) names.push_back("p" + std::to_string(i));
  std::atomic<std::int64_t> minute = 0;
  std::atomic<int> arrived = 0;
  std::atomic<bool> done = false;
  std::vector<std::atomic<std::uint64_t>> passed(kWindows * kSubjects);
  std::thread sweeper([&] {
    while (!done) meters.sweep(at(minute * 60'000));
  });
  run_threads([&](int thread) {
    std::mt19937_64 random(static_cast<unsigned>(thread));
    for (std::int64_t window = 0; window < kWindows; ++window) {
      for (int i = 0; i < 2 * kSubjects; ++i) {
        const std::size_t who = random() % kSubjects;
        if (meters.admit(limits, {.principal = names[who]}, kRequest, at(window * 60'000))) {
          ++passed[static_cast<std::size_t>(window * kSubjects) + who];
        }
      }
      // All threads go on to the next minute together.
      if (++arrived == kThreads * (window + 1)) ++minute;
      while (minute <= window) std::this_thread::yield();
    }
  });
  done = true;
  sweeper.join();
  for (const auto& each : passed) ASSERT_LE(each, kAmount);
}

// Threads that make the same meters for the first time agree on them.
TEST(MetersThreads, AMeterIsMadeOnce) {
  constexpr int kSubjects = 20'000;
  Meters meters(kTestKey, kSubjects + kThreads);  // who comes second holds a place until it knows
  const Limits limits = Limits().with(window(SubjectType::kKey, "*", Quantity::kRequests, Period::kDay, 1));
  std::atomic<int> passed = 0;
  run_threads([&](int) {
    for (int i = 0; i < kSubjects; ++i) {
      if (meters.admit(limits, {.key = std::to_string(i)}, kRequest, at())) ++passed;
    }
  });
  EXPECT_EQ(passed, kSubjects);
  EXPECT_EQ(meters.in_use(), std::size_t{kSubjects});
}

}  // namespace
}  // namespace redoubt::limits
