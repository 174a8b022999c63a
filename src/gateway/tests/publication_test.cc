#include "gateway/internal/publication.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <set>

#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_hold_desk.h"
#include "ledger/wire.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::gateway::internal {
namespace {

class PublicationTest : public ::testing::Test {
 protected:
  PublicationTest() {
    settings_.upstream_url = *net::UpstreamUrl::parse("http://127.0.0.1:9");
    for (unsigned i = 0; i < kCores; ++i) {
      CoreHandles handles{.listener = *net::bind_tcp("127.0.0.1:0"),
                          .request_ring = ring(ledger::kRequestRingBytes),
                          .answer_ring = ring(ledger::kAnswerRingBytes),
                          .wake = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))};
      cores_.push_back(
          *Core::create(settings_, kCores, std::move(handles), keeper_wake_.get(), meters_, logs_, files_, holds_));
    }
  }

  static UniqueFd ring(std::size_t bytes) { return UniqueFd(::dup(SharedRing::create(bytes)->fd())); }

  // Lets a core do what was posted to it.
  void run(std::size_t core) { cores_[core]->io().poll(); }

  static constexpr unsigned kCores = 3;
  GatewaySettings settings_;
  UniqueFd keeper_wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  limits::Meters meters_{{1, 2}, 16};
  test::FakeHoldDesk holds_;
  Logs logs_{"test.example/log"};
  testing_support::FaultFileSystem fs_;
  LedgerFiles files_{fs_, "/ledger"};
  std::vector<std::unique_ptr<Core>> cores_;
  test::Known known_;
};

TEST_F(PublicationTest, IsEverywhereWhenTheLastCoreHasIt) {
  int first = 0;
  int everywhere = 0;
  Publication publication(cores_, [&] { ++first; });
  publication.publish(*test::make_access(known_), [&] { ++everywhere; });
  run(2);
  run(0);
  EXPECT_EQ(everywhere, 0);
  run(1);
  EXPECT_EQ(everywhere, 1);
  EXPECT_EQ(first, 1);
  publication.publish(*test::make_access(known_), [&] { ++everywhere; });
  for (std::size_t i = 0; i < kCores; ++i) run(i);
  EXPECT_EQ(everywhere, 2);
  EXPECT_EQ(first, 1) << "the first is told once";
}

TEST_F(PublicationTest, CoresShareNoReferenceCount) {
  Publication publication(cores_, [] {});
  publication.publish(*test::make_access(known_), [] {});
  for (std::size_t i = 0; i < kCores; ++i) run(i);
  std::set<const Access*> seen;
  for (const auto& core : cores_) {
    ASSERT_NE(core->access(), nullptr);
    EXPECT_EQ(core->access().use_count(), 1);
    seen.insert(core->access().get());
  }
  EXPECT_EQ(seen.size(), kCores);
}

TEST_F(PublicationTest, WhatIsWithdrawnDecidesNothingAnyMore) {
  Publication publication(cores_, [] {});
  publication.publish(*test::make_access(known_), [] {});
  publication.withdraw();
  for (std::size_t i = 0; i < kCores; ++i) run(i);
  for (const auto& core : cores_) EXPECT_EQ(core->access(), nullptr);
}

}  // namespace
}  // namespace redoubt::gateway::internal
