// How unusual a point of a stream is among the points before it, in many dimensions, in constant memory.
//
//   auto forest = StreamForest::create({.dimensions = 5, .seed = 7});
//   const double score = forest->score(point);     // 0 to 1, before it is learnt
//   forest->insert(point);
//
// A random cut forest (Guha, Mishra, Roy and Schrijvers, "Robust random cut forest based anomaly detection on streams",
// ICML 2016): each tree holds a sample of the past, weighted to the recent, and cuts it at random, more often along
// dimensions that are spread widely. The score is how early the point would be cut off from what the tree holds, as in
// isolation forests (1/2: as deep as an average point; towards 1: at once), the mean over trees. A tree's sample
// changes point by point, and with it the tree stays one that could have been drawn for that sample: nothing is
// rebuilt.
//
// Dimensions are compared as they are: scale them alike first (`log_scale`, or a z score). Values that are not finite
// count as 0. Equal options and points give equal scores; what is saved and restored goes on as if it had not been.
//
// Memory: trees × sample × (dimensions × 32 + 100) bytes, for the defaults and 5 dimensions 3.3 MB. To score is a walk
// down each tree; few points are inserted in many trees. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::anomaly {

struct StreamForestOptions {
  std::uint32_t dimensions = 0;  // 1 to 64
  std::uint32_t trees = 50;      // 1 to 256
  std::uint32_t sample = 256;    // points a tree holds, 2 to 1,024
  double half_life = 2'048;      // points after which one is half as likely to be held: 1 to 1e12
  std::uint64_t seed = 0;
};

class StreamForest {
 public:
  // Errors: kInvalidArgument for an option out of its range.
  static Result<StreamForest> create(const StreamForestOptions& options);
  // What save() returned. Errors: kCorrupt when it is anything else, kUnsupported for another version.
  static Result<StreamForest> restore(ByteView bytes);

  StreamForest(StreamForest&&) noexcept;
  StreamForest& operator=(StreamForest&&) noexcept;
  ~StreamForest();

  // In [0, 1]; 0 before 32 points. Precondition for both: `point` has as many values as there are dimensions.
  double score(std::span<const double> point) const;
  void insert(std::span<const double> point);

  std::uint64_t points_seen() const;
  const StreamForestOptions& options() const;

  // Magic number, version, options, then each tree from its root down; little-endian.
  Bytes save() const;

 private:
  struct State;
  explicit StreamForest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace redoubt::anomaly
