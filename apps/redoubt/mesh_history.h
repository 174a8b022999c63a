// The mesh as it was at a moment past, made again from the ledger.
//
//   MeshHistory history(fs, clock, {.ledger_directory = …});
//   history.start();
//   history.at(yesterday, [](Result<std::shared_ptr<const behaviour::Mesh>> then) { … });
//
// A thread of its own reads the ledger from its beginning up to that moment, by the time of commits. Detectors and
// rules run, too, since what they tell is part of risk; so it takes as long as a replay. One mesh is made at a time,
// and the last one is kept for kKept after it was asked for: at most one is in memory beside the server's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "behaviour/mesh.h"

namespace redoubt::app {

class MeshHistory {
 public:
  static constexpr std::size_t kWaitingMax = 16;
  static constexpr std::chrono::minutes kKept{10};
  static constexpr std::chrono::minutes kAbandoned{2};  // nobody asked again: it is not made to its end

  struct Settings {
    std::string ledger_directory;
    std::string features;         // the folder of their keys (behaviour/feature_seal.h)
    std::string bundles;          // of those that were in force
    behaviour::MeshOptions mesh;  // its hash key is made from the ledger
    std::chrono::milliseconds patience{20'000};
  };
  using Made = std::shared_ptr<const behaviour::Mesh>;
  using Done = std::function<void(Result<Made>)>;

  // `fs` and `clock` must outlive it, and be safe to use from its thread.
  MeshHistory(FileSystem& fs, const Clock& clock, Settings settings)
      : fs_(fs), clock_(clock), settings_(std::move(settings)) {}
  ~MeshHistory() { stop(); }
  MeshHistory(const MeshHistory&) = delete;
  MeshHistory& operator=(const MeshHistory&) = delete;

  // Once.
  void start();
  // Refuses those who wait, and awaits the thread's end. Any number of times.
  void stop();

  // Calls `done` once, on the thread or before this returns. kInvalidArgument for a moment that has not come;
  // kUnavailable when too many wait, nothing runs, or the mesh is not made within the patience: it is being made
  // meanwhile, so ask again. Errors of reading the ledger. Any thread.
  void at(UnixMillis moment, Done done);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    UnixMillis moment;
    SteadyTime until;
    Done done;
  };
  class Making;

  void run();
  Result<Made> make(UnixMillis moment);
  bool goes_on(UnixMillis moment);
  void answer(const std::function<bool(const Waiting&)>& whom, const Result<Made>& with);

  FileSystem& fs_;
  const Clock& clock_;
  const Settings settings_;
  std::thread thread_;
  // Of the thread alone.
  Made made_;
  UnixMillis made_of_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool running_ = false;
  std::deque<Waiting> waiting_;
  SteadyTime asked_{};  // for the moment that is being made, or was made last
  UnixMillis making_;
};

}  // namespace redoubt::app
