// Behaviour of a running server: one thread that reads every committed record, in the order of commit, and keeps what
// is unusual and who touched what (behaviour_reading.h).
//
// Nothing waits for it, and it stops nothing: when it falls behind it is late, never incomplete, and says so
// (progress(), a line of the log, a metric); when it fails it says so and tries again.
//
// Questions are answered by that thread, one between two commits while there are any, so that a question costs the
// request path nothing and the reading some milliseconds; at most kQuestionsMax wait. Those of a moment past are
// another thread's (mesh_history.h).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/signal_desk.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "behaviour/mesh_permissions.h"
#include "gateway/behaviour_gauges.h"
#include "redoubt/behaviour_reading.h"
#include "redoubt/mesh_history.h"

namespace redoubt::app {

class BehaviourWatch final : public admin::SignalDesk {
 public:
  static constexpr std::size_t kQuestionsMax = 32;
  static constexpr std::chrono::milliseconds kSaveAtMost{60'000};  // between two snapshots, whatever asks for one

  struct Settings {
    BehaviourReading::Settings reading;
    std::chrono::milliseconds idle{10};                // between two looks; what came meanwhile is read together
    std::chrono::milliseconds retry{1'000};            // after a failure
    std::chrono::milliseconds save_interval{600'000};  // between two snapshots
    std::chrono::milliseconds late{60'000};            // so far behind is worth a line of the log
  };

  // `fs` and `clock` must outlive it, and be safe to use from its thread.
  BehaviourWatch(FileSystem& fs, const Clock& clock, Settings settings);
  ~BehaviourWatch() override { stop(); }
  BehaviourWatch(const BehaviourWatch&) = delete;
  BehaviourWatch& operator=(const BehaviourWatch&) = delete;

  // Starts the threads. Once.
  void start();
  // Keeps a snapshot, refuses what was asked and awaits the threads' end. Any number of times.
  void stop();

  // What `policies` of a question are, from now on; null: none. Any thread.
  void set_permissions(std::shared_ptr<const behaviour::Permissions> permissions);

  // admin::SignalDesk. Any thread.
  void signals(admin::SignalFilter filter, std::uint64_t before, std::size_t limit,
               std::function<void(Result<admin::SignalPage>)> done) override;
  void ask(admin::MeshAsked asked, std::function<void(Result<std::string>)> done) override;
  admin::BehaviourProgress progress() override;

  // For /metrics. Any thread.
  gateway::BehaviourGauges gauges();

 private:
  // Called on the thread, with what is being read, or null when nothing is.
  using Question = std::function<void(BehaviourReading* reading)>;

  class Lateness;

  void run();
  Result<> read(BehaviourReading& reading, bool& go_on);
  void post(Question question);
  void answer_one(BehaviourReading* reading);
  void refuse_all();
  bool wait(std::chrono::milliseconds time);  // false when it is to end
  void tell(const admin::BehaviourProgress& progress, const Lateness& lateness);
  std::uint64_t lag_ms_locked() const;

  FileSystem& fs_;
  const Clock& clock_;
  const Settings settings_;
  MeshHistory history_;
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  bool ended_ = false;  // the thread answers nothing any more
  std::deque<Question> questions_;
  std::shared_ptr<const behaviour::Permissions> permissions_;
  admin::BehaviourProgress progress_;
  gateway::BehaviourGauges gauges_;
  std::optional<std::chrono::steady_clock::time_point> told_;  // when these were so
};

}  // namespace redoubt::app
