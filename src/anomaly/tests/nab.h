// The Numenta Anomaly Benchmark's scoring (Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", 2015;
// version 1.1 of the benchmark), as a tool of our tests, and its series as they lie in the shared data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace redoubt::anomaly::nab {

struct Window {
  std::size_t first;  // rows, both inclusive
  std::size_t last;
};

struct Series {
  std::string name;   // group/file
  std::string group;  // the folder
  std::vector<UnixMillis> times;
  std::vector<double> values;
  std::vector<Window> windows;  // ascending
};

// Of a folder with data/ and labels/combined_windows.json, by name. Errors: those of the files.
Result<std::vector<Series>> read_corpus(const std::string& folder);

// What a false positive costs against a window found at once; the standard profile's.
constexpr double kFalsePositiveStandard = 0.11;

// The benchmark's sigmoid: 1 long before, 0 at the end of a window, -1 more than three window lengths behind it.
double scaled_sigmoid(double position);

// One series with the scores that a detector gave its rows, both of which must outlive the use.
struct Scored {
  const Series* series;
  const std::vector<double>* scores;
};

// Points for detections at scores of at least `threshold`: +1 for a window found at once, -1 for one missed, less for
// each detection outside. The first 15 in a hundred of the rows (of 5000 at most) are probation: nothing counts there.
double raw_score(const Scored& scored, double threshold, double false_positive = kFalsePositiveStandard);

struct Outcome {
  double threshold = 0;  // the best for the corpus, as the benchmark chooses it; above 1: never to detect is best
  double raw = 0;
  double normalised = 0;  // 0: as who detects nothing; 100: each window at once and nothing else
};
Outcome best_outcome(const std::vector<Scored>& corpus, double false_positive = kFalsePositiveStandard);
// The normalised score at a threshold given; 0 without windows.
double normalised_at(const std::vector<Scored>& corpus, double threshold,
                     double false_positive = kFalsePositiveStandard);
double normalise(double raw, std::size_t windows);

}  // namespace redoubt::anomaly::nab
