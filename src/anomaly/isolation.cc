#include <algorithm>
#include <cmath>
#include <cstdint>

#include "anomaly/internal/isolation.h"

namespace redoubt::anomaly::internal {
namespace {

constexpr std::size_t kSample = 256;
constexpr std::size_t kDepthMax = 14;
constexpr int kCutsTried = 6;  // until a part whose rows are alike in the columns chosen is left whole

// The mean depth of unsuccessful searches in a binary tree of `count` (Liu, Ting and Zhou, "Isolation forest", 2008).
double usual_depth(std::size_t count) {
  if (count < 2) return 0;
  if (count == 2) return 1;
  const auto n = static_cast<double>(count);
  return 2 * (std::log(n - 1) + 0.5772156649) - 2 * (n - 1) / n;
}

struct Cut {
  std::size_t first = 0;  // columns
  std::size_t second = 0;
  double first_weight = 0;
  double second_weight = 0;
  double at = 0;

  double value(const float* row) const { return first_weight * row[first] + second_weight * row[second]; }
};

struct Node {
  Cut cut;
  std::uint32_t below = 0;  // the node of the rows below the cut; the next is of the others; 0: a leaf
  double depth = 0;         // of a leaf, with what a tree of its rows would have
};

class Tree {
 public:
  Tree(const Matrix& table, Random& random) : table_(table), random_(random) {
    rows_ = random.sample(table.rows, kSample);
    nodes_.emplace_back();
    grow(0, 0, rows_.size(), 0);
  }

  double depth(const float* row) const {
    const Node* node = nodes_.data();
    while (node->below != 0) node = &nodes_[node->below + (node->cut.value(row) < node->cut.at ? 0 : 1)];
    return node->depth;
  }

 private:
  // Recursion is at most kDepthMax deep.
  void grow(std::size_t node, std::size_t first, std::size_t last, std::size_t depth) {
    Cut cut;
    if (last - first <= 1 || depth >= kDepthMax || !choose(first, last, cut)) {
      nodes_[node].depth = static_cast<double>(depth) + usual_depth(last - first);
      return;
    }
    const auto begin = rows_.begin();
    const auto middle =
        std::partition(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last),
                       [&](std::size_t row) { return cut.value(table_.row(row)) < cut.at; });
    const auto parted = static_cast<std::size_t>(middle - begin);
    const std::size_t below = nodes_.size();
    nodes_.resize(below + 2);
    nodes_[node].cut = cut;
    nodes_[node].below = static_cast<std::uint32_t>(below);
    grow(below, first, parted, depth + 1);
    grow(below + 1, parted, last, depth + 1);
  }

  bool choose(std::size_t first, std::size_t last, Cut& cut) {
    for (int tried = 0; tried < kCutsTried; ++tried) {
      cut.first = random_.below(table_.columns);
      cut.second = table_.columns == 1 ? cut.first : random_.below(table_.columns - 1);
      if (table_.columns > 1 && cut.second >= cut.first) ++cut.second;
      cut.first_weight = random_.normal();
      cut.second_weight = table_.columns == 1 ? 0 : random_.normal();
      double least = cut.value(table_.row(rows_[first]));
      double largest = least;
      for (std::size_t i = first + 1; i < last; ++i) {
        const double value = cut.value(table_.row(rows_[i]));
        least = std::min(least, value);
        largest = std::max(largest, value);
      }
      if (largest - least <= 1e-9) continue;
      cut.at = least + (largest - least) * random_.uniform();
      return true;
    }
    return false;
  }

  const Matrix& table_;
  Random& random_;
  std::vector<std::size_t> rows_;
  std::vector<Node> nodes_;
};

}  // namespace

std::vector<double> isolation(const Matrix& table, std::size_t trees, Random& random) {
  std::vector<double> out(table.rows, 0.0);
  for (std::size_t i = 0; i < trees; ++i) {
    const Tree tree(table, random);
    for (std::size_t row = 0; row < table.rows; ++row) out[row] -= tree.depth(table.row(row));
  }
  for (double& score : out) score /= static_cast<double>(trees);
  return out;
}

std::vector<double> histogram_rarity(const Matrix& table, std::size_t bins) {
  std::vector<double> out(table.rows, 0.0);
  std::vector<std::size_t> bin(table.rows);
  for (std::size_t c = 0; c < table.columns; ++c) {
    float least = table.row(0)[c];
    float largest = least;
    for (std::size_t row = 1; row < table.rows; ++row) {
      least = std::min(least, table.row(row)[c]);
      largest = std::max(largest, table.row(row)[c]);
    }
    const double width = std::max((double{largest} - least) / static_cast<double>(bins), 1e-12);
    std::vector<std::size_t> counts(bins, 0);
    for (std::size_t row = 0; row < table.rows; ++row) {
      bin[row] = std::min(static_cast<std::size_t>((double{table.row(row)[c]} - least) / width), bins - 1);
      ++counts[bin[row]];
    }
    for (std::size_t row = 0; row < table.rows; ++row) {
      out[row] -= std::log((static_cast<double>(counts[bin[row]]) + 0.1) / static_cast<double>(table.rows));
    }
  }
  return out;
}

}  // namespace redoubt::anomaly::internal
