// What behaviour, which reads committed records beside the gateway, tells for `/metrics`.
//
// A value.
#pragma once

#include <array>
#include <cstdint>

#include "base/histogram.h"

namespace redoubt::gateway {

// Nanoseconds: 1 ms to 1 min. Commits carry milliseconds, so nothing below is told apart.
inline constexpr std::array<std::uint64_t, 12> kSignalTimeBounds{
    1'000'000,   2'000'000,   5'000'000,     10'000'000,    20'000'000,     50'000'000,
    100'000'000, 200'000'000, 1'000'000'000, 5'000'000'000, 20'000'000'000, 60'000'000'000};

struct BehaviourGauges {
  bool running = false;
  std::uint64_t entries = 0;  // read, of all logs
  std::uint64_t signals = 0;  // since the beginning of the ledger
  std::uint64_t lag_ms = 0;   // what was committed longer ago has been read
  std::uint64_t rules = 0;    // Sigma rules that run
  std::uint64_t mesh_nodes = 0;
  std::uint64_t mesh_edges = 0;
  Histogram<kSignalTimeBounds> signal_time;  // from a commit to its signals, of each commit
};

}  // namespace redoubt::gateway
