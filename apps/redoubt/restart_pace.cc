#include "redoubt/restart_pace.h"

#include <algorithm>

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kPauseMin{1};
constexpr std::chrono::seconds kStartsApart{1};

}  // namespace

std::chrono::seconds RestartPace::ended(Time now) {
  const bool lived = now - started_ > kPauseMax;
  pause_ = lived ? kPauseMin : std::clamp(pause_ * 2, kPauseMin, kPauseMax);
  next_start_ = now + pause_;
  return pause_;
}

void RestartPace::failed(Time now) {
  pause_ = kPauseMax;
  next_start_ = now + pause_;
}

void RestartPace::forget() {
  pause_ = {};
  next_start_ = {};
}

RestartPace::Time RestartPace::next_start() const {
  return std::max(next_start_, started_ + kStartsApart);
}

}  // namespace redoubt::app
