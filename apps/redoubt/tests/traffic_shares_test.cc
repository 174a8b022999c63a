#include "redoubt/traffic_shares.h"

#include <gtest/gtest.h>

namespace redoubt::app {
namespace {

using incident::parse_target;
using record::Stage;

class TrafficSharesTest : public testing::Test {
 protected:
  void request(std::string_view principal, std::int64_t minute, std::string_view model = "m",
               std::string_view tenant = "clinic") {
    behaviour::Activity activity;
    activity.stage = Stage::kAdmission;
    activity.time = {(minute_ + minute) * 60'000};
    activity.tenant = tenant;
    activity.principal = principal;
    activity.credential = "key";
    activity.model = model;
    shares_.count(activity, nullptr);
  }
  std::optional<double> share(const std::string& target, std::string_view tenant = "clinic") {
    return shares_.share(*parse_target(target), tenant);
  }

  TrafficShares shares_;
  const std::int64_t minute_ = 29'666'666;
};

TEST_F(TrafficSharesTest, NobodyHasALargerPartBySendingMore) {
  for (int caller = 0; caller < 20; ++caller) request("caller-" + std::to_string(caller), 0);
  for (int flood = 0; flood < 1000; ++flood) request("caller-7", 0);
  EXPECT_DOUBLE_EQ(*share("principal/caller-7"), 1.0 / 20);
  EXPECT_DOUBLE_EQ(*share("principal/nobody"), 0);
  EXPECT_DOUBLE_EQ(*share("key/key"), 1.0);
}

TEST_F(TrafficSharesTest, AModelHasThePartOfThoseWhoUseIt) {
  request("a", 0, "small");
  request("a", 0, "large");
  request("b", 0, "small");
  request("b", 1, "large");
  EXPECT_DOUBLE_EQ(*share("model/small"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*share("model/large"), 2.0 / 3);
  EXPECT_TRUE(shares_.seen(*parse_target("model/large")));
  EXPECT_FALSE(shares_.seen(*parse_target("model/other")));
}

TEST_F(TrafficSharesTest, WhatIsAnHourAgoIsForgotten) {
  request("a", 0);
  request("b", 59);
  EXPECT_DOUBLE_EQ(*share("principal/a"), 0.5);
  request("b", 60);
  EXPECT_DOUBLE_EQ(*share("principal/a"), 0);
  request("a", 59);  // a record that comes late
  EXPECT_DOUBLE_EQ(*share("principal/a"), 1.0 / 3);
  request("a", -10);  // too late
  EXPECT_DOUBLE_EQ(*share("principal/a"), 1.0 / 3);
}

TEST_F(TrafficSharesTest, OfATenantThatSaidNothingNothingIsKnown) {
  EXPECT_FALSE(share("principal/a"));
  request("a", 0);
  EXPECT_FALSE(share("principal/a", "ward"));
  EXPECT_TRUE(share("principal/a"));
}

TEST_F(TrafficSharesTest, WhenTheTableWasFullNothingIsKnownForAnHour) {
  for (std::size_t i = 0; i <= TrafficShares::kPairsMax / 3; ++i) request("caller-" + std::to_string(i), 0);
  EXPECT_FALSE(share("principal/caller-7"));
  request("a", 61);
  EXPECT_DOUBLE_EQ(*share("principal/a"), 1.0);
}

}  // namespace
}  // namespace redoubt::app
