// Signals on their way from the watch of behaviour, which reads the ledger on a thread of its own, to whoever answers
// them on the administration's.
//
// The queue is bounded. When it is full the watch waits: it falls behind the ledger, and nothing is lost. What was
// given and is not on record yet is lost with the process; it is read again after the next start, because the watch
// keeps no snapshot of a place in the ledger before all signals up to there are on record (flush()).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "behaviour/activity.h"
#include "behaviour/features.h"
#include "behaviour/signal.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/traffic_shares.h"

namespace redoubt::app {

class SignalFeed final : public ActivityObserver {
 public:
  static constexpr std::size_t kQueueMax = 4096;

  // Called, on the watch's thread, when there is something to do: signals in a queue that was empty, or a flush. Before
  // anything is given.
  void on_work(std::function<void()> wake) { wake_ = std::move(wake); }

  // ---- the watch's thread.

  // In the order of the ledger. Waits while the queue is full; after close() it is forgotten.
  void give(const behaviour::Signal& signal);
  // Whether all that was given is on record.
  bool on_record();
  // Asks that all that was given comes on record now, and waits for it, `patience` at most.
  bool flush(std::chrono::milliseconds patience);
  // ActivityObserver.
  void seen(const behaviour::Activity& activity, const behaviour::Features* features) override {
    shares_.count(activity, features);
  }

  // ---- whoever answers them.

  // The next one, or nothing. From now on it counts as not on record, until settled().
  std::optional<behaviour::Signal> take();
  bool flush_wanted();
  // All that was taken is on record. Not when more was taken since this was found: the same thread does both.
  void settled();
  TrafficShares& shares() { return shares_; }

  // Any thread: nobody will answer any more. Waits end; what is given from now on is read again after the next start.
  void close();

 private:
  std::function<void()> wake_;
  TrafficShares shares_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<behaviour::Signal> queue_;
  bool unsettled_ = false;  // something was taken, or forgotten, that is not on record
  bool flush_wanted_ = false;
  bool closed_ = false;
};

}  // namespace redoubt::app
