#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "anomaly/internal/cut_tree.h"

namespace redoubt::anomaly::internal {
namespace {

template <class T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  store_le(MutableByteView(out).subspan(at), value);
}
void put(Bytes& out, double value) {
  put(out, std::bit_cast<std::uint64_t>(value));
}

template <class T>
std::optional<T> take(ByteView& in) {
  if (in.size() < sizeof(T)) return std::nullopt;
  const T out = load_le<T>(in.first(sizeof(T)));
  in = in.subspan(sizeof(T));
  return out;
}
// A finite one.
std::optional<double> take_double(ByteView& in) {
  const auto bits = take<std::uint64_t>(in);
  if (!bits || !std::isfinite(std::bit_cast<double>(*bits))) return std::nullopt;
  return std::bit_cast<double>(*bits);
}

Error corrupt() {
  return {Errc::kCorrupt, "the saved forest is not what was written"};
}

}  // namespace

double usual_depth(double count) {
  if (count < 2) return 0;
  if (count < 3) return 1;
  return 2 * (std::log(count - 1) + 0.5772156649) - 2 * (count - 1) / count;
}

// SplitMix64 (Steele, Lea and Flood, 2014): eight bytes of state, which are saved.
double CutTree::uniform() {
  std::uint64_t z = (chance_ += 0x9E37'79B9'7F4A'7C15);
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

std::uint32_t CutTree::new_node() {
  if (!free_.empty()) {
    const std::uint32_t out = free_.back();
    free_.pop_back();
    nodes_[out] = {};
    return out;
  }
  nodes_.emplace_back();
  boxes_.resize(boxes_.size() + 2 * dimensions_);
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t CutTree::new_leaf(std::span<const double> point) {
  const std::uint32_t out = new_node();
  nodes_[out].points = 1;
  std::copy(point.begin(), point.end(), low(out));
  std::copy(point.begin(), point.end(), high(out));
  return out;
}

void CutTree::join_boxes(std::uint32_t node) {
  const std::uint32_t below = nodes_[node].below;
  const std::uint32_t above = nodes_[node].above;
  for (std::size_t d = 0; d < dimensions_; ++d) {
    low(node)[d] = std::min(low(below)[d], low(above)[d]);
    high(node)[d] = std::max(high(below)[d], high(above)[d]);
  }
}

void CutTree::replace_child(std::uint32_t parent, std::uint32_t child, std::uint32_t by) {
  nodes_[by].parent = parent;
  if (parent == kNone) {
    root_ = by;
  } else if (nodes_[parent].below == child) {
    nodes_[parent].below = by;
  } else {
    nodes_[parent].above = by;
  }
}

// Algorithm 2 of the paper: a cut of the box that has the point in it; where it parts the point from the rest, the
// point becomes a leaf, and where not, the cut that is there stays.
std::uint32_t CutTree::add(std::span<const double> point) {
  if (root_ == kNone) {
    root_ = new_leaf(point);
    return root_;
  }
  std::uint32_t node = root_;
  while (true) {
    double total = 0;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      total += std::max(high(node)[d], point[d]) - std::min(low(node)[d], point[d]);
    }
    if (total <= 0) {  // a leaf that is this point
      ++nodes_[node].points;
      return node;
    }
    double left = uniform() * total;
    std::size_t dimension = 0;
    double from = 0;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      const double least = std::min(low(node)[d], point[d]);
      const double range = std::max(high(node)[d], point[d]) - least;
      if (range <= 0) continue;
      dimension = d;
      from = least;
      if (left < range) break;
      left -= range;
    }
    const double cut = from + left;
    // INVARIANT: below ≤ cut < above, rounding or not.
    const bool under = cut < low(node)[dimension] && point[dimension] <= cut;
    const bool over = cut >= high(node)[dimension] && cut < point[dimension];
    if (under || over) {
      const std::uint32_t leaf = new_leaf(point);
      const std::uint32_t parting = new_node();
      replace_child(nodes_[node].parent, node, parting);
      nodes_[parting].dimension = static_cast<std::uint32_t>(dimension);
      nodes_[parting].cut = cut;
      nodes_[parting].points = nodes_[node].points + 1;
      nodes_[parting].below = under ? leaf : node;
      nodes_[parting].above = under ? node : leaf;
      nodes_[leaf].parent = parting;
      nodes_[node].parent = parting;
      join_boxes(parting);
      return leaf;
    }
    if (is_leaf(node)) continue;  // rounding put the cut on neither side: draw again
    for (std::size_t d = 0; d < dimensions_; ++d) {
      low(node)[d] = std::min(low(node)[d], point[d]);
      high(node)[d] = std::max(high(node)[d], point[d]);
    }
    ++nodes_[node].points;
    node = point[nodes_[node].dimension] <= nodes_[node].cut ? nodes_[node].below : nodes_[node].above;
  }
}

void CutTree::remove(std::uint32_t leaf) {
  std::uint32_t node = nodes_[leaf].parent;
  if (--nodes_[leaf].points == 0) {
    if (node == kNone) {
      root_ = kNone;
    } else {
      const std::uint32_t sibling = nodes_[node].below == leaf ? nodes_[node].above : nodes_[node].below;
      const std::uint32_t parent = nodes_[node].parent;
      replace_child(parent, node, sibling);
      free_.push_back(node);
      node = parent;
    }
    free_.push_back(leaf);
  }
  for (; node != kNone; node = nodes_[node].parent) {
    --nodes_[node].points;
    join_boxes(node);
  }
}

void CutTree::insert(std::span<const double> point, double age) {
  const double key = std::log(-std::log(1 - uniform() * (1 - 0x1p-53)) + 1e-300) - age;
  if (held_.size() < sample_) {
    held_.push_back({.key = key, .leaf = add(point)});
    return;
  }
  const auto last =
      std::max_element(held_.begin(), held_.end(), [](const Held& a, const Held& b) { return a.key < b.key; });
  if (key >= last->key) return;
  remove(last->leaf);
  *last = {.key = key, .leaf = add(point)};
}

double CutTree::relative_depth(std::span<const double> point) const {
  if (root_ == kNone) return 1;
  double depth = 0;
  double expected = 0;
  double reached = 1;  // the chance that nothing above has cut the point off
  std::uint32_t node = root_;
  while (true) {
    double beyond = 0;
    double total = 0;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      const double extension = std::max(0.0, low(node)[d] - point[d]) + std::max(0.0, point[d] - high(node)[d]);
      beyond += extension;
      total += extension + (high(node)[d] - low(node)[d]);
    }
    const double parted = total > 0 ? beyond / total : 0;
    expected += reached * parted * depth;
    reached *= 1 - parted;
    if (is_leaf(node)) {
      expected += reached * (depth + usual_depth(nodes_[node].points));
      break;
    }
    if (reached <= 0) break;
    ++depth;
    node = point[nodes_[node].dimension] <= nodes_[node].cut ? nodes_[node].below : nodes_[node].above;
  }
  return expected / std::max(usual_depth(nodes_[root_].points), 1.0);
}

void CutTree::save(Bytes& out) const {
  put(out, chance_);
  put(out, static_cast<std::uint32_t>(held_.size()));
  if (root_ == kNone) return;
  std::vector<std::vector<double>> keys(nodes_.size());
  for (const Held& held : held_) keys[held.leaf].push_back(held.key);
  std::vector<std::uint32_t> left{root_};  // from the root down, what is below a cut before what is above
  while (!left.empty()) {
    const std::uint32_t node = left.back();
    left.pop_back();
    if (is_leaf(node)) {
      put(out, static_cast<std::uint32_t>(keys[node].size()));
      for (const double key : keys[node]) put(out, key);
      for (std::size_t d = 0; d < dimensions_; ++d) put(out, low(node)[d]);
    } else {
      put(out, std::uint32_t{0});
      put(out, nodes_[node].dimension);
      put(out, nodes_[node].cut);
      left.push_back(nodes_[node].above);
      left.push_back(nodes_[node].below);
    }
  }
}

// Recursion is at most as deep as a tree of the largest sample can be.
Result<std::uint32_t> CutTree::restore_node(ByteView& in, std::size_t depth) {
  const auto points = take<std::uint32_t>(in);
  if (!points || depth > sample_ || held_.size() + *points > sample_) return corrupt();
  if (*points > 0) {
    std::vector<double> keys;
    for (std::uint32_t i = 0; i < *points; ++i) {
      const auto key = take_double(in);
      if (!key) return corrupt();
      keys.push_back(*key);
    }
    std::vector<double> point;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      const auto value = take_double(in);
      if (!value) return corrupt();
      point.push_back(*value);
    }
    const std::uint32_t leaf = new_leaf(point);
    nodes_[leaf].points = *points;
    for (const double key : keys) held_.push_back({.key = key, .leaf = leaf});
    return leaf;
  }
  const auto dimension = take<std::uint32_t>(in);
  const auto cut = take_double(in);
  if (!dimension || *dimension >= dimensions_ || !cut) return corrupt();
  const auto below = restore_node(in, depth + 1);
  if (!below) return below;
  const auto above = restore_node(in, depth + 1);
  if (!above) return above;
  if (high(*below)[*dimension] > *cut || low(*above)[*dimension] <= *cut) return corrupt();
  const std::uint32_t node = new_node();
  nodes_[node] = {.parent = kNone,
                  .below = *below,
                  .above = *above,
                  .dimension = *dimension,
                  .cut = *cut,
                  .points = nodes_[*below].points + nodes_[*above].points};
  nodes_[*below].parent = nodes_[*above].parent = node;
  join_boxes(node);
  return node;
}

Result<CutTree> CutTree::restore(ByteView& in, std::size_t dimensions, std::size_t sample) {
  const auto chance = take<std::uint64_t>(in);
  const auto held = take<std::uint32_t>(in);
  if (!chance || !held || *held > sample) return corrupt();
  CutTree out(dimensions, sample, *chance);
  if (*held == 0) return out;
  const auto root = out.restore_node(in, 0);
  if (!root) return root.error();
  if (out.held_.size() != *held) return corrupt();
  out.root_ = *root;
  return out;
}

}  // namespace redoubt::anomaly::internal
