// The text of `/metrics`, from what each core has counted. docs/operating/metrics.md says what each metric means.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/behaviour_gauges.h"
#include "gateway/logs.h"
#include "gateway/notice_gauges.h"
#include "gateway/recorder.h"
#include "gateway/request_metrics.h"
#include "gateway/upstream_counts.h"
#include "ledger/keeper_stats.h"
#include "net/http_server.h"

namespace redoubt::gateway {

// One log, as the keeper has told it.
struct LogSnapshot {
  ledger::LogGauges gauges;
  std::uint64_t published = 0;
  bool full = false;  // its quota is used up
};

// What one core has counted. A value: made on its core, read on another.
struct MetricsSnapshot {
  RequestMetrics requests;
  RecorderCounts recorder;
  net::ServerStats server;
  std::uint64_t queued_bytes = 0;    // in the ring to the keeper
  std::uint64_t open_exchanges = 0;  // admitted, without an outcome
  bool ready = false;
  std::optional<bool> tier_reached;  // what `enclave.min_tier` demands; nothing: it demands nothing. On the first core
  std::uint64_t meters_in_use = 0;   // of all cores, as the next
  std::uint64_t meters = 0;
  // Known to the first core alone.
  ledger::KeeperStats keeper;
  std::vector<LogSnapshot> logs;  // by number
  BehaviourGauges behaviour;
  NoticeGauges notices;
  std::optional<UpstreamCounts> upstream;  // where it is attested
};

// At least one core, the first core first. A log that is not configured any more is labelled `#NUMBER`.
std::string metrics_page(std::span<const MetricsSnapshot> cores, const Logs& logs, std::string_view version);

}  // namespace redoubt::gateway
