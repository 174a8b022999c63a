#include "gateway/denial_counter.h"

#include <gtest/gtest.h>

#include "encoding/json_reader.h"
#include "gateway/tests/flood.h"

namespace redoubt::gateway::test {
namespace {

using record::DenialReason;
using namespace std::chrono_literals;

struct Denied {
  std::uint64_t count = 1;
  bool has_first_time = false;
  std::string source;         // empty: of several
  std::uint64_t sources = 1;  // of how many
};

std::vector<Denied> denials(LiveLedger& live) {
  std::vector<Denied> out;
  for (const ReadEntry& entry : live.entries()) {
    EXPECT_EQ(entry.stage(), record::Stage::kDenial);
    encoding::JsonReader reader;
    const auto root = *reader.parse(entry.record);
    Denied denied;
    if (root["count"].get(denied.count) != simdjson::SUCCESS) denied.count = 1;
    std::int64_t first = 0;
    std::int64_t time = 0;
    denied.has_first_time = root["start_time"].get(first) == simdjson::SUCCESS;
    EXPECT_EQ(root["time"].get(time), simdjson::SUCCESS);
    if (denied.has_first_time) {
      EXPECT_LE(first, time);
    }
    if (entry.opening) denied.source = entry.opening->find(record::kCallerAddressField)->value;
    const auto sources = root.at_pointer("/unmapped/redoubt/sources");
    if (sources.get(denied.sources) != simdjson::SUCCESS) denied.sources = 1;
    out.push_back(denied);
  }
  return out;
}

void add(DenialCounter& counter, std::string_view source) {
  counter.add(source, DenialReason::kAuthentication, 401, "invalid_api_key");
}

constexpr std::chrono::steady_clock::time_point kBegin(1000h);

// Spends what is saved, so that only interval records come.
void exhaust(DenialCounter& counter) {
  for (unsigned i = 0; i < DenialCounter::kBurst; ++i) add(counter, "203.0.113." + std::to_string(i));
}

TEST(DenialCounter, TheFirstDenialOfASourceIsRecordedAtOnce) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  add(counter, "192.0.2.1");
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(recorded[0].count, 1u);
  EXPECT_FALSE(recorded[0].has_first_time);
  EXPECT_EQ(recorded[0].source, "192.0.2.1");
}

TEST(DenialCounter, TheRestIsRecordedTogetherAtTheEndOfTheInterval) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  counter.tick(kBegin);
  for (int i = 0; i < 10; ++i) add(counter, "192.0.2.1");
  add(counter, "192.0.2.2");
  counter.tick(kBegin + DenialCounter::kInterval - 1ms);  // not yet
  add(counter, "192.0.2.1");
  counter.tick(kBegin + DenialCounter::kInterval);
  counter.tick(kBegin + 2 * DenialCounter::kInterval);  // nothing is left
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 3u);
  EXPECT_EQ(recorded[1].source, "192.0.2.2");
  EXPECT_EQ(recorded[2].source, "192.0.2.1");
  EXPECT_EQ(recorded[2].count, 10u);
  EXPECT_TRUE(recorded[2].has_first_time);
}

TEST(DenialCounter, ASingleDenialThatWaitedSaysWhenItWas) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  add(counter, "192.0.2.1");
  add(counter, "192.0.2.1");
  counter.flush();
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_EQ(recorded[1].count, 1u);
  EXPECT_TRUE(recorded[1].has_first_time);
}

TEST(DenialCounter, AfterAnIntervalASourceIsNewAgain) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  add(counter, "192.0.2.1");
  counter.tick(kBegin);
  add(counter, "192.0.2.1");
  EXPECT_EQ(denials(live).size(), 2u);
}

TEST(DenialCounter, DifferentRefusalsOfOneSourceAreCountedApart) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  counter.add("192.0.2.1", DenialReason::kAuthentication, 401, "invalid_api_key");
  counter.add("192.0.2.1", DenialReason::kMalformed, 404, "unknown_url");
  counter.add("192.0.2.1", DenialReason::kMalformed, 405, "method_not_allowed");
  EXPECT_EQ(denials(live).size(), 3u);
}

TEST(DenialCounter, AnIpv6SourceIsItsNetworkOf64Bits) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  for (int i = 1; i <= 1000; ++i) add(counter, "2001:db8:0:7::" + std::to_string(i));
  add(counter, "2001:db8:0:7:ffff:ffff:ffff:ffff");
  add(counter, "2001:db8:0:8::1");
  counter.flush();
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 3u);
  EXPECT_EQ(recorded[0].source, "2001:db8:0:7::/64");
  EXPECT_EQ(recorded[1].source, "2001:db8:0:8::/64");
  EXPECT_EQ(recorded[2].source, "2001:db8:0:7::/64");
  EXPECT_EQ(recorded[2].count, 1000u);
}

TEST(DenialCounter, WhenCreditIsShortTheLoudestAreNamedAndTheOthersCombined) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  counter.tick(kBegin);
  exhaust(counter);
  for (int i = 0; i < 500; ++i) {
    add(counter, "10.0.0." + std::to_string(i % 250));
    add(counter, "192.0.2.1");
    if (i % 2 == 0) add(counter, "192.0.2.2");
  }
  counter.tick(kBegin + DenialCounter::kInterval);
  const auto recorded = denials(live);
  std::uint64_t all = 0;
  for (const Denied& denied : recorded) all += denied.count;
  EXPECT_EQ(all, DenialCounter::kBurst + 500 + 500 + 250);
  EXPECT_EQ(recorded.size(), DenialCounter::kBurst + 10);  // and ten seconds' credit
  const Denied& others = recorded.back();
  EXPECT_EQ(others.source, "");
  EXPECT_GT(others.sources, 200u);
  EXPECT_LT(others.sources, 300u);
  EXPECT_EQ(recorded[DenialCounter::kBurst / 2].source, "192.0.2.1");
  EXPECT_EQ(recorded[DenialCounter::kBurst / 2].count, 500u);
  EXPECT_EQ(recorded[DenialCounter::kBurst / 2 + 1].source, "192.0.2.2");
}

TEST(DenialCounter, SourcesBeyondTheTableAreCountedWithTheOthers) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  for (int i = 0; i < 20'000; ++i) add(counter, "10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200));
  EXPECT_LE(counter.size_for_test(), DenialCounter::kMaxSources + 1);
  counter.flush();
  std::uint64_t all = 0;
  const auto recorded = denials(live);
  for (const Denied& denied : recorded) all += denied.count;
  EXPECT_EQ(all, 20'000u);
  EXPECT_NEAR(static_cast<double>(recorded.back().sources), 20'000, 2'000);
}

TEST(DenialCounter, WhatTheLedgerDoesNotTakeStaysCounted) {
  LiveLedger live;
  DenialCounter counter(*live.recorder, 1);
  // Fill the ring while the keeper has nothing to read yet.
  while (live.recorder->deny_together({}, {.reason = DenialReason::kLimit}, "198.51.100.1")) {
  }
  add(counter, "192.0.2.1");
  add(counter, "192.0.2.1");
  counter.flush();
  live.pump_until([&] { return live.client->published() > 0; });
  counter.flush();
  std::uint64_t counted = 0;
  for (const Denied& denied : denials(live)) {
    if (denied.source == "192.0.2.1") counted += denied.count;
  }
  EXPECT_EQ(counted, 2u);
}

// The bound holds by construction: records cost credit, and credit is earned by time. So a thousandth of the denials
// shows it as well as all; the program gateway_flood_test, labelled slow, makes all.
class Flood : public ::testing::TestWithParam<std::tuple<unsigned, int, std::size_t>> {};

TEST_P(Flood, AnHourKeepsTheLedgerBelowTenMegabytesAndLosesNoCount) {
  const auto [cores, sources, kinds] = GetParam();
  const auto source = [&](std::uint64_t n) {
    const std::uint64_t i = n % static_cast<std::uint64_t>(sources);
    return "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256);
  };
  const FloodResult result =
      flood_for_an_hour({.cores = cores, .denials_a_second = 200, .source = source, .kinds = kinds});
  std::cout << result.records << " records, " << result.ledger_bytes << " bytes\n";
  EXPECT_LT(result.ledger_bytes, 10'000'000u);
  const unsigned burst = std::max(DenialCounter::kBurst, DenialCounter::kBurstMin * cores);
  EXPECT_LE(result.records, 3600 + burst + (burst + cores * kinds));  // the last: at shutdown
  EXPECT_LE(result.tables_max, DenialCounter::kMaxSources + DenialCounter::kMaxKinds);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Flood,
                         ::testing::Values(std::tuple(1, 1, 1), std::tuple(1, 64, 2), std::tuple(1, 100'000, 4),
                                           std::tuple(16, 100'000, 4), std::tuple(64, 1, 1),
                                           std::tuple(64, 100'000, 4)));

TEST(DenialCounter, AnHourOfAddressesFromOneIpv6NetworkIsOneSource) {
  const FloodResult result = flood_for_an_hour({.cores = 1,
                                                .denials_a_second = 200,
                                                .source =
                                                    [](std::uint64_t n) {
                                                      char text[64];
                                                      std::snprintf(text, sizeof text, "2001:db8::%llx:%llx:1",
                                                                    static_cast<unsigned long long>(n >> 16 & 0xffff),
                                                                    static_cast<unsigned long long>(n & 0xffff));
                                                      return std::string(text);
                                                    },
                                                .kinds = 1});
  EXPECT_LE(result.records, 2u * 360 + 2);
  EXPECT_EQ(result.sources_max, 0u);
}

}  // namespace
}  // namespace redoubt::gateway::test
