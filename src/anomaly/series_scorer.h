// How unusual the newest value of a series is, as it comes: one number from 0 to 1, from the past alone.
//
//   SeriesScorer scorer;
//   for (const auto& [time, value] : series) if (scorer.score(time, value) > 0.48) …
//
// Twenty-four features of the series (its value, changes at scales of 1 to 128 steps, how much it moves, how far it is
// from what is usual at this time of day) are each held against their own past: how far from what was seen, and how
// rarely anything was that far. The surprises are added (as a cubic mean, so that a few strong ones count more than
// many weak ones). The same event is told once: after a surprise, only a greater one scores above 0 until the memory
// of it has faded, over about a twentieth of the series so far and at least 200 steps.
//
// There is nothing to configure and nothing random. It learns from everything it scores, changes of regime included.
// docs/anomaly.md has what it reaches on a public benchmark, and where it is weak.
//
// Constant memory, about 145 KB; a step takes a few microseconds. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace redoubt::anomaly {

class SeriesScorer {
 public:
  SeriesScorer();
  SeriesScorer(SeriesScorer&&) noexcept;
  SeriesScorer& operator=(SeriesScorer&&) noexcept;
  ~SeriesScorer();

  // The score of `value`, which is then learnt. `time` says the time of day; steps need not be regular, nor in order. 0
  // while too little is known (about 40 values), for a value that is not finite, which is passed over, and inside an
  // event told already. Values beyond ±1e15 count as that.
  double score(UnixMillis time, double value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace redoubt::anomaly
