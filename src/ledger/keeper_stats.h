// What the keeper counts, and how it tells the gateway, which alone can be asked: it has no network.
//
// The counts are plain members on the keeper's one thread. Once a second, when something has changed, they go as one
// message (wire.h, kStats) over the first core's ring. Of the logs a message names kStatsLogs at most, the next ones
// each time: with L logs, each is heard of every ceil(L / kStatsLogs) seconds, and a message never grows.
//
// docs/formats/ring.md describes the message, docs/operating/metrics.md what an operator sees of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/histogram.h"
#include "base/result.h"
#include "ledger/logs.h"

namespace redoubt::ledger {

// Upper bounds of the buckets, in nanoseconds: 50 µs to 10 s. A change here is a change of the message.
inline constexpr std::array<std::uint64_t, 16> kCommitTimeBounds{
    50'000,     100'000,    250'000,     500'000,     1'000'000,   2'500'000,     5'000'000,     10'000'000,
    25'000'000, 50'000'000, 100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 10'000'000'000};
inline constexpr std::array<std::uint64_t, 12> kBatchEntriesBounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096};

struct KeeperStats {
  // Since the keeper started.
  std::uint64_t commits = 0;  // each is one fdatasync of a segment
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of entries: header, leaf and sealed opening
  std::uint64_t checkpoints = 0;
  std::uint64_t sealing_keys = 0;            // issued
  Histogram<kCommitTimeBounds> commit_time;  // nanoseconds: from the look at the rings to durable
  Histogram<kCommitTimeBounds> sync_time;    // the last part of it: framing, hashing, one write, one fdatasync
  Histogram<kBatchEntriesBounds> batch_entries;
  // Now.
  std::uint64_t open_admissions = 0;
  std::uint64_t room_bytes = 0;     // free on the disk once the next segment is prepared
  std::uint64_t reserve_bytes = 0;  // with less room than this the disk is nearly full
  bool full = false;                // the disk is nearly full

  friend bool operator==(const KeeperStats&, const KeeperStats&) = default;
};

struct LogGauges {
  std::uint64_t committed = 0;     // entries
  std::uint64_t stored_bytes = 0;  // of those, in the segments
  std::uint64_t quota_bytes = 0;   // 0: none
  // Nanoseconds since the newest checkpoint, or since the keeper started when there was none since; 0 when it covers
  // everything.
  std::uint64_t checkpoint_age = 0;

  friend bool operator==(const LogGauges&, const LogGauges&) = default;
};

inline constexpr std::size_t kStatsLogs = 64;

struct StatsMessage {
  KeeperStats keeper;
  LogNumber first_log = 0;
  std::vector<LogGauges> logs;  // of first_log and those that follow; at most kStatsLogs
};

inline constexpr std::size_t kLogStatsSize = 4 * 8;
inline constexpr std::size_t kKeeperStatsSize =
    8 * (5 + 2 * (kCommitTimeBounds.size() + 2) + (kBatchEntriesBounds.size() + 2) + 4);
inline constexpr std::size_t kMaxStatsSize = kKeeperStatsSize + 2 * 4 + kStatsLogs * kLogStatsSize;

// Into `out`, which is cleared first; does not allocate when it has room for kMaxStatsSize. Precondition: at most
// kStatsLogs logs.
void encode_stats(Bytes& out, const StatsMessage& message);
// kMalformed when the size is not that of the logs it names, when there are none, too many, or such as cannot be, and
// when `full` is neither 0 nor 1.
Result<StatsMessage> decode_stats(ByteView bytes);

}  // namespace redoubt::ledger
