// Time as a parameter: code that needs the time takes a `Clock&`, so tests can supply their own.
#pragma once

#include <chrono>
#include <cstdint>

namespace redoubt {

// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted; the unit of OCSF's `timestamp_t`.
struct UnixMillis {
  std::int64_t value = 0;
  friend auto operator<=>(UnixMillis, UnixMillis) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMillis now() const = 0;                                // wall time; may jump
  virtual std::chrono::steady_clock::time_point steady() const = 0;  // never runs backwards
};

// The machine's clocks. Any thread.
class SystemClock final : public Clock {
 public:
  UnixMillis now() const override {
    using namespace std::chrono;
    return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
  }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace redoubt
