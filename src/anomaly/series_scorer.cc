#include "anomaly/series_scorer.h"

#include <algorithm>
#include <cmath>

#include "anomaly/internal/novelty.h"
#include "anomaly/internal/series_features.h"

namespace redoubt::anomaly {
namespace {

constexpr double kValueMax = 1e15;
// A value is learnt so many steps later: what has just begun is not yet usual.
constexpr std::size_t kDelay = 5;
// A surprise of this much scores one half.
constexpr double kHalf = 5;
// How long a told event is remembered: its half-life in steps, as a share of the series so far, and at least; and the
// share of that for which it does not fade at all.
constexpr double kEventShare = 0.05;
constexpr double kEventLeast = 200;
constexpr double kEventHold = 0.15;

// One feature and its past.
struct Watched {
  internal::NoveltyMemory memory;
  internal::SurpriseTail tail;
  std::array<double, kDelay> waiting{};

  double surprise(double value, std::uint64_t step) {
    double out = 0;
    if (memory.size() >= internal::NoveltyMemory::kLeast) {
      const double distance = memory.distance(value);
      out = tail.surprise(distance);
      tail.add(distance);
    }
    double& oldest = waiting[step % kDelay];
    if (step >= kDelay) memory.add(oldest);
    oldest = value;
    return out;
  }
};

// Lets through what is more surprising than the last event, as far as that is still remembered.
class ToldEvent {
 public:
  double pass(double surprise, std::uint64_t step) {
    const double half_life = std::max(kEventLeast, kEventShare * static_cast<double>(step));
    if (hold_ > 0) {
      --hold_;
    } else {
      remembered_ *= std::exp2(-1 / half_life);
    }
    if (surprise <= remembered_) return 0;
    remembered_ = surprise;
    hold_ = static_cast<std::uint64_t>(kEventHold * half_life);
    return surprise;
  }

 private:
  double remembered_ = 0;
  std::uint64_t hold_ = 0;
};

}  // namespace

struct SeriesScorer::State {
  internal::SeriesFeatures features;
  std::array<Watched, internal::SeriesFeatures::kCount> watched;
  ToldEvent told;
  std::uint64_t step = 0;
};

SeriesScorer::SeriesScorer() : state_(std::make_unique<State>()) {}
SeriesScorer::SeriesScorer(SeriesScorer&&) noexcept = default;
SeriesScorer& SeriesScorer::operator=(SeriesScorer&&) noexcept = default;
SeriesScorer::~SeriesScorer() = default;

double SeriesScorer::score(UnixMillis time, double value) {
  if (!std::isfinite(value)) return 0;
  const auto features = state_->features.next(time, std::clamp(value, -kValueMax, kValueMax));
  double cubes = 0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const double surprise = state_->watched[i].surprise(features[i], state_->step);
    cubes += surprise * surprise * surprise;
  }
  const double surprise = state_->told.pass(std::cbrt(cubes), state_->step);
  ++state_->step;
  return surprise / (surprise + kHalf);
}

}  // namespace redoubt::anomaly
