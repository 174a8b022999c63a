#include "gateway/denial_counter.h"

#include <gtest/gtest.h>

#include "encoding/json_reader.h"
#include "gateway/tests/live_ledger.h"

namespace redoubt::gateway::test {
namespace {

using record::DenialReason;
using namespace std::chrono_literals;

struct Denied {
  std::uint64_t count = 1;
  bool has_first_time = false;
  std::string source;
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
    denied.source = entry.opening->find(record::kCallerAddressField)->value;
    out.push_back(denied);
  }
  return out;
}

void add(DenialCounter& counter, std::string_view source) {
  counter.add(source, DenialReason::kAuthentication, 401, "invalid_api_key");
}

TEST(DenialCounter, TheFirstDenialOfASourceIsRecordedAtOnce) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
  add(counter, "192.0.2.1");
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(recorded[0].count, 1u);
  EXPECT_FALSE(recorded[0].has_first_time);
  EXPECT_EQ(recorded[0].source, "192.0.2.1");
}

TEST(DenialCounter, TheRestIsRecordedTogetherAtTheEndOfTheInterval) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
  const std::chrono::steady_clock::time_point begin(1000h);
  counter.tick(begin);
  for (int i = 0; i < 10; ++i) add(counter, "192.0.2.1");
  add(counter, "192.0.2.2");
  counter.tick(begin + DenialCounter::kInterval - 1ms);  // not yet
  add(counter, "192.0.2.1");
  counter.tick(begin + DenialCounter::kInterval);
  counter.tick(begin + 2 * DenialCounter::kInterval);  // nothing is left
  const auto recorded = denials(live);
  ASSERT_EQ(recorded.size(), 3u);
  EXPECT_EQ(recorded[1].source, "192.0.2.2");
  EXPECT_EQ(recorded[2].source, "192.0.2.1");
  EXPECT_EQ(recorded[2].count, 10u);
  EXPECT_TRUE(recorded[2].has_first_time);
}

TEST(DenialCounter, ASingleDenialThatWaitedSaysWhenItWas) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
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
  DenialCounter counter(*live.recorder);
  add(counter, "192.0.2.1");
  counter.flush();
  add(counter, "192.0.2.1");
  EXPECT_EQ(denials(live).size(), 2u);
}

TEST(DenialCounter, DifferentRefusalsOfOneSourceAreCountedApart) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
  counter.add("192.0.2.1", DenialReason::kAuthentication, 401, "invalid_api_key");
  counter.add("192.0.2.1", DenialReason::kMalformed, 404, "unknown_url");
  counter.add("192.0.2.1", DenialReason::kMalformed, 405, "method_not_allowed");
  EXPECT_EQ(denials(live).size(), 3u);
}

TEST(DenialCounter, SourcesBeyondTheBoundShareABucketAndAFloodMakesFewRecords) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
  for (int i = 0; i < 100'000; ++i)
    add(counter, "10.0." + std::to_string(i % 1000 / 250) + "." + std::to_string(i % 250));
  counter.flush();
  const auto recorded = denials(live);
  EXPECT_LE(recorded.size(), 2 * (DenialCounter::kMaxSources + 1));
  std::uint64_t all = 0;
  std::uint64_t many = 0;
  for (const Denied& denied : recorded) {
    all += denied.count;
    if (denied.source == "(many)") many += denied.count;
  }
  EXPECT_EQ(all, 100'000u);
  EXPECT_EQ(many, (1000 - DenialCounter::kMaxSources) * 100u);
}

TEST(DenialCounter, WhatTheLedgerDoesNotTakeStaysCounted) {
  LiveLedger live;
  DenialCounter counter(*live.recorder);
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

}  // namespace
}  // namespace redoubt::gateway::test
