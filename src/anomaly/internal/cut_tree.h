// One tree of a random cut forest, with its sample of the past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::anomaly::internal {

// The mean depth of unsuccessful searches in a binary tree of `count`.
double usual_depth(double count);

class CutTree {
 public:
  static constexpr std::size_t kSampleMax = 1'024;

  CutTree(std::size_t dimensions, std::size_t sample, std::uint64_t seed)
      : dimensions_(dimensions), sample_(sample), chance_(seed) {}

  // The expected depth at which `point` would be cut off, as a share of what is usual.
  double relative_depth(std::span<const double> point) const;
  // `age`: the logarithm by which this point is more likely to be held than the stream's first.
  void insert(std::span<const double> point, double age);

  void save(Bytes& out) const;
  // From the beginning of `in`, which is moved on. Errors: kCorrupt.
  static Result<CutTree> restore(ByteView& in, std::size_t dimensions, std::size_t sample);

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  struct Node {
    std::uint32_t parent = kNone;
    std::uint32_t below = kNone;  // points at or below the cut; none: a leaf
    std::uint32_t above = kNone;
    std::uint32_t dimension = 0;
    double cut = 0;
    std::uint32_t points = 0;  // under it; of a leaf: equal ones
  };
  // A point that is held. The sample is the points with the least keys (Efraimidis and Spirakis, "Weighted random
  // sampling with a reservoir", 2006, in logarithms).
  struct Held {
    double key;
    std::uint32_t leaf;
  };

  bool is_leaf(std::uint32_t node) const { return nodes_[node].below == kNone; }
  double* low(std::uint32_t node) { return boxes_.data() + std::size_t{node} * 2 * dimensions_; }
  double* high(std::uint32_t node) { return low(node) + dimensions_; }
  const double* low(std::uint32_t node) const { return boxes_.data() + std::size_t{node} * 2 * dimensions_; }
  const double* high(std::uint32_t node) const { return low(node) + dimensions_; }

  double uniform();
  std::uint32_t new_node();
  std::uint32_t new_leaf(std::span<const double> point);
  void join_boxes(std::uint32_t node);  // from its children
  void replace_child(std::uint32_t parent, std::uint32_t child, std::uint32_t by);
  std::uint32_t add(std::span<const double> point);
  void remove(std::uint32_t leaf);
  Result<std::uint32_t> restore_node(ByteView& in, std::size_t depth);

  std::size_t dimensions_;
  std::size_t sample_;
  std::uint64_t chance_;
  std::uint32_t root_ = kNone;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  std::vector<double> boxes_;  // low and high corner of each node
  std::vector<Held> held_;
};

}  // namespace redoubt::anomaly::internal
