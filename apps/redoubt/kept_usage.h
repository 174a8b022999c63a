// What callers have used of their limits, kept across restarts: the meters that the cores count in, and once a second
// their changes in a file (limits/usage_file.h). It is no fact: a second of it may be lost.
//
//   open()  →  tick(now) on every tick of the administration's thread  →  keep(now) at the end
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "limits/meters.h"
#include "limits/usage_file.h"

namespace redoubt::app {

class KeptUsage {
 public:
  // Both must outlive it.
  KeptUsage(FileSystem& fs, const Clock& clock) : fs_(fs), clock_(clock) {}

  // Reads what was used before; `capacity`: meters that limits may need at once. An error when the file is there and
  // cannot be read; damage is said in the log, and the rest taken up. Before anything else.
  Result<> open(const std::string& path, std::size_t capacity);

  // Counted in by any thread.
  limits::Meters& meters() { return *meters_; }

  // Keeps what has changed, when it is time. What cannot be kept is said in the log, once, and counted all the same.
  // `now`: the ledger's time.
  void tick(UnixMillis now) {
    if (clock_.steady() >= next_) keep(now);
  }
  void keep(UnixMillis now);

 private:
  FileSystem& fs_;
  const Clock& clock_;
  std::optional<limits::UsageFile> file_;
  std::optional<limits::Meters> meters_;
  std::chrono::steady_clock::time_point next_{};
  bool kept_ = true;  // or said that it is not
};

}  // namespace redoubt::app
