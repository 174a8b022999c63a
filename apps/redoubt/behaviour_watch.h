// Behaviour of a running server: one thread that reads every committed record, in the order of commit, and keeps what
// is unusual.
//
// In its folder lie `engine`, a snapshot of what it has learnt and where it stood, and `signals.jsonl`, all signals
// since the ledger began, a line each. INVARIANT: a snapshot says how long the file of signals was. A start takes up
// the snapshot, cuts the file back to that, and reads on: no signal is lost, none comes twice. A snapshot that is
// damaged, or was made of other entries than the ledger has, is thrown away, and all is read again, with the same
// signals.
//
// Nothing waits for it, and it stops nothing: when it falls behind it is late, and when it fails it says so
// (progress()) and tries again. It waits for whoever answers signals (signal_feed.h). INVARIANT: a snapshot is of a
// place up to which all signals were answered on record; the others are told again after a start.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/signal_desk.h"
#include "base/file.h"
#include "base/result.h"
#include "behaviour/signal.h"
#include "redoubt/signal_feed.h"

namespace redoubt::app {

class BehaviourWatch final : public admin::SignalDesk {
 public:
  static constexpr std::size_t kSignalsKept = 10'000;  // the last ones, for signals()

  struct Settings {
    std::string ledger_directory;
    std::string folder;                                // is made when it is not there
    std::string features;                              // the folder of their keys (behaviour/feature_seal.h)
    std::string bundles;                               // that were in force: whose rules run
    SignalFeed* feed = nullptr;                        // to whoever answers them; null: nobody. Must outlive it
    std::chrono::milliseconds idle{10};                // between two looks; what came meanwhile is read together
    std::chrono::milliseconds retry{1'000};            // after a failure
    std::chrono::milliseconds save_interval{600'000};  // between two snapshots
  };

  // `fs` must outlive it, and be safe to use from its thread.
  BehaviourWatch(FileSystem& fs, Settings settings) : fs_(fs), settings_(std::move(settings)) {}
  ~BehaviourWatch() override { stop(); }
  BehaviourWatch(const BehaviourWatch&) = delete;
  BehaviourWatch& operator=(const BehaviourWatch&) = delete;

  // Starts the thread. Once.
  void start();
  // Keeps a snapshot and awaits the thread's end. Any number of times.
  void stop();

  // admin::SignalDesk. Any thread.
  std::vector<admin::NumberedSignal> signals(const admin::SignalFilter& filter, std::uint64_t before,
                                             std::size_t limit) override;
  admin::BehaviourProgress progress() override;

 private:
  class Reading;

  void run();
  bool wait(std::chrono::milliseconds time);  // false when it is to end
  void keep(std::uint64_t number, behaviour::Signal signal);
  void forget_signals();
  void tell(const admin::BehaviourProgress& progress);

  FileSystem& fs_;
  const Settings settings_;
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<admin::NumberedSignal> signals_;  // ascending
  admin::BehaviourProgress progress_;
};

}  // namespace redoubt::app
