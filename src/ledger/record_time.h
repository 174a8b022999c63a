// The time of the latest record that a process has made, of all its threads: where the machine's clock goes back, no
// further record goes behind it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace redoubt::ledger {

// Any thread.
class RecordTime {
 public:
  UnixMillis latest() const { return {latest_.load(std::memory_order_relaxed)}; }
  void reach(UnixMillis time) {
    std::int64_t latest = latest_.load(std::memory_order_relaxed);
    while (latest < time.value && !latest_.compare_exchange_weak(latest, time.value, std::memory_order_relaxed)) {
    }
  }

 private:
  std::atomic<std::int64_t> latest_{0};
};

}  // namespace redoubt::ledger
