#include "notify/notifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

namespace redoubt::notify::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::string> kBoth = {"slow", "quick", "gone"};

// A receiver that hangs until it is told to stop, for one endpoint, and takes all for the other.
class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::atomic<int>& taken) : taken_(taken) {}
  Answer send(const Endpoint& endpoint, const Message& message, const std::atomic<bool>& stop) override {
    EXPECT_FALSE(message.body.empty());
    if (endpoint.name == "slow") {
      while (!stop) std::this_thread::sleep_for(milliseconds(1));
      return {.delivered = false, .again = true, .after = {}, .why = "stopped"};
    }
    ++taken_;
    return {.delivered = true, .again = false, .after = {}, .why = {}};
  }

 private:
  std::atomic<int>& taken_;
};

class NotifierTest : public testing::Test {
 protected:
  std::unique_ptr<Notifier> start() {
    auto made = Notifier::start(
        {{.name = "slow", .type = EndpointType::kAlertmanager, .url = "https://slow.example/"},
         {.name = "quick", .type = EndpointType::kAlertmanager, .url = "https://quick.example/"}},
        {},
        [this]() -> Result<std::unique_ptr<Transport>> { return std::unique_ptr<Transport>(new FakeTransport(taken)); },
        clock, 1,
        [this](Attempt attempt) {
          const std::lock_guard lock(mutex);
          attempts.push_back(std::move(attempt));
        });
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  static Notice notice(int number) {
    return {.id = "0123456789abcde" + std::to_string(number % 10), .incident = "i", .title = "t", .time = {1}};
  }
  bool wait_for(const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + seconds(10);
    while (!what()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }
  std::size_t count(Outcome outcome) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(
        std::count_if(attempts.begin(), attempts.end(), [&](const Attempt& each) { return each.outcome == outcome; }));
  }

  SystemClock clock;
  std::atomic<int> taken{0};
  std::mutex mutex;
  std::vector<Attempt> attempts;  // guarded by mutex
};

TEST_F(NotifierTest, AnEndpointThatHangsHoldsUpNobody) {
  auto notifier = start();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) notifier->tell(notice(i), kBoth);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(1)) << "whoever tells does not wait";
  EXPECT_TRUE(wait_for([&] { return taken == 20; }));
  EXPECT_TRUE(wait_for([&] { return count(Outcome::kDelivered) == 20; }));
  EXPECT_EQ(notifier->waiting(), 20u) << "those of the endpoint that hangs";
  const auto end = std::chrono::steady_clock::now();
  notifier.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - end, seconds(2)) << "what is under way is cut short";
}

TEST_F(NotifierTest, WhatFindsNoRoomIsReported) {
  auto notifier = start();
  for (int i = 0; i < 300; ++i) notifier->tell(notice(i), kBoth);
  EXPECT_TRUE(wait_for([&] { return count(Outcome::kDelivered) + count(Outcome::kDropped) > 300; }));
  const std::lock_guard lock(mutex);
  for (const Attempt& each : attempts) {
    EXPECT_TRUE(each.endpoint == "quick" || each.endpoint == "slow") << each.endpoint;
  }
}

TEST_F(NotifierTest, WhoIsNotNamedIsNotTold) {
  auto notifier = start();
  notifier->tell(notice(1), {"slow"});
  notifier->tell(notice(2), {"quick"});
  EXPECT_TRUE(wait_for([&] { return count(Outcome::kDelivered) == 1; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(attempts.front().notice.id, notice(2).id);
}

}  // namespace
}  // namespace redoubt::notify::test
