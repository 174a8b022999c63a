// When a process that ended unasked is started again: after a second, two, four, up to a minute, and after a second
// again when it lived for more than a minute. Two starts are a second apart, whatever is asked for.
//
// One thread. Times are handed in.
#pragma once

#include <chrono>

namespace redoubt::app {

class RestartPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPauseMax{60};

  void started(Time now) { started_ = now; }
  // It ended. Returns the pause.
  std::chrono::seconds ended(Time now);
  // It could not even be begun: the longest pause.
  void failed(Time now);
  // What is to be started now is another, and has not failed yet.
  void forget();

  Time next_start() const;

 private:
  Time started_{};  // the last
  Time next_start_{};
  std::chrono::seconds pause_{0};
};

}  // namespace redoubt::app
