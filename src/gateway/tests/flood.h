// An hour of bad keys, in simulated time, and what it makes of the ledger.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "encoding/json_reader.h"
#include "gateway/denial_counter.h"
#include "gateway/tests/live_ledger.h"

namespace redoubt::gateway::test {

struct FloodPlan {
  unsigned cores = 1;
  std::uint64_t denials_a_second = 0;                // of all cores together
  std::function<std::string(std::uint64_t)> source;  // of the nth denial
  std::size_t kinds = 1;                             // of refusals, 1 to 4
};

struct FloodResult {
  std::uint64_t counted = 0;  // as the records say
  std::size_t records = 0;
  std::uint64_t ledger_bytes = 0;
  std::size_t tables_max = 0;     // entries in memory, of one core
  std::uint64_t sources_max = 0;  // that one record combines
};

// What `entries` take on disk at most: each in a commit of its own (docs/formats/segment.md), with its leaf hash and
// its part of the hashes above (32 bytes and 1/255 of it), and its position.
inline std::uint64_t bytes_on_disk(const ReadEntry& entry) {
  constexpr std::uint64_t kCommitHeader = 48;
  constexpr std::uint64_t kEntryHeader = 40;
  constexpr std::uint64_t kHashes = 33;
  constexpr std::uint64_t kPosition = 4;
  const std::uint64_t opening = entry.opening_bytes.empty() ? 0 : entry.opening_bytes.size() + keys::kSealOverheadBytes;
  return kCommitHeader + kEntryHeader + entry.record.size() + opening + kHashes + kPosition;
}

inline FloodResult flood_for_an_hour(const FloodPlan& plan) {
  static constexpr record::DenialReason kReasons[] = {record::DenialReason::kAuthentication,
                                                      record::DenialReason::kMalformed, record::DenialReason::kTooLarge,
                                                      record::DenialReason::kMalformed};
  static constexpr int kStatuses[] = {401, 404, 431, 400};
  static constexpr std::string_view kCodes[] = {"invalid_api_key", "unknown_url", "head_too_large",
                                                "malformed_request"};
  LiveLedger live;
  std::vector<std::unique_ptr<DenialCounter>> counters;
  for (unsigned i = 0; i < plan.cores; ++i) {
    counters.push_back(std::make_unique<DenialCounter>(*live.recorder, plan.cores));
  }
  FloodResult out;
  std::uint64_t n = 0;
  auto now = std::chrono::steady_clock::time_point(std::chrono::hours(1000));
  const auto turn = [&] {
    live.io.restart();
    live.io.poll();
    live.client->flush();
    EXPECT_TRUE(live.client->poll());
  };
  constexpr int kTicksASecond = 4;
  for (int tick = 0; tick < 3600 * kTicksASecond; ++tick) {
    for (std::uint64_t i = 0; i < plan.denials_a_second / kTicksASecond; ++i, ++n) {
      const std::size_t kind = n % plan.kinds;
      counters[n / 7 % plan.cores]->add(plan.source(n), kReasons[kind], kStatuses[kind], kCodes[kind]);
    }
    now += std::chrono::milliseconds(1000 / kTicksASecond);
    for (auto& counter : counters) {
      counter->tick(now);
      out.tables_max = std::max(out.tables_max, counter->size_for_test());
    }
    turn();
  }
  for (auto& counter : counters) {
    counter->flush();
    turn();
  }
  for (const ReadEntry& entry : live.entries()) {
    ++out.records;
    out.ledger_bytes += bytes_on_disk(entry);
    encoding::JsonReader reader;
    const auto root = *reader.parse(entry.record);
    std::uint64_t count = 1;
    if (root["count"].get(count) != simdjson::SUCCESS) count = 1;
    out.counted += count;
    std::uint64_t sources = 0;
    if (root.at_pointer("/unmapped/redoubt/sources").get(sources) == simdjson::SUCCESS) {
      out.sources_max = std::max(out.sources_max, sources);
    }
  }
  EXPECT_EQ(out.counted, n);
  return out;
}

}  // namespace redoubt::gateway::test
