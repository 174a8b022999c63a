#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "anomaly/internal/neighbours.h"

namespace redoubt::anomaly::internal {
namespace {

// Four numbers in one register; left to itself the compiler shuffles them about. An extension of g++ and clang.
using Four = float __attribute__((vector_size(16)));
constexpr std::size_t kLanes = 16;

// Rows laid out so that distances to sixteen of them are computed together.
class Lanes {
 public:
  Lanes(const Matrix& table, const std::vector<std::size_t>& rows) : rows_(rows.size()), columns_(table.columns) {
    values_.resize((rows_ + kLanes - 1) / kLanes * kLanes * columns_);
    for (std::size_t r = 0; r < rows_; ++r) {
      float* const block = values_.data() + r / kLanes * kLanes * columns_;
      for (std::size_t c = 0; c < columns_; ++c) block[c * kLanes + r % kLanes] = table.row(rows[r])[c];
    }
  }

  // Squared distances of `from` to each of the rows; `out` has room for a multiple of kLanes.
  void squared_distances(const float* from, std::vector<float>& out) const {
    out.resize(values_.size() / std::max<std::size_t>(columns_, 1));
    for (std::size_t first = 0; first < rows_; first += kLanes) {
      const float* block = values_.data() + first * columns_;
      std::array<Four, kLanes / 4> sums{};
      for (std::size_t c = 0; c < columns_; ++c, block += kLanes) {
        std::array<Four, kLanes / 4> lanes;
        std::memcpy(&lanes, block, sizeof lanes);
        for (std::size_t i = 0; i < sums.size(); ++i) {
          const Four difference = lanes[i] - from[c];
          sums[i] += difference * difference;
        }
      }
      std::memcpy(out.data() + first, &sums, sizeof sums);
    }
  }
  std::size_t size() const { return rows_; }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<float> values_;
};

}  // namespace

Neighbours find_neighbours(const Matrix& table, std::size_t references, std::size_t wanted, Random& random) {
  Neighbours out;
  out.reference = random.sample(table.rows, references);
  const std::size_t known = out.reference.size();
  const auto share = static_cast<double>(known) / static_cast<double>(table.rows);
  const auto scaled = static_cast<std::size_t>(std::lround(static_cast<double>(wanted) * share));
  out.count = std::clamp<std::size_t>(std::max(scaled, std::min<std::size_t>(wanted, 20)), 1, known - 1);
  out.nearest.resize(table.rows * out.count);
  out.distances.resize(table.rows * out.count);

  std::vector<std::uint32_t> place(table.rows, std::numeric_limits<std::uint32_t>::max());
  for (std::size_t i = 0; i < known; ++i) place[out.reference[i]] = static_cast<std::uint32_t>(i);
  const Lanes lanes(table, out.reference);
  std::vector<float> squared;
  std::vector<std::pair<float, std::uint32_t>> heap;  // the farthest of the nearest so far is in front
  for (std::size_t row = 0; row < table.rows; ++row) {
    lanes.squared_distances(table.row(row), squared);
    heap.clear();
    for (std::uint32_t i = 0; i < known; ++i) {
      if (i == place[row]) continue;
      if (heap.size() < out.count) {
        heap.emplace_back(squared[i], i);
        std::push_heap(heap.begin(), heap.end());
      } else if (squared[i] < heap.front().first) {
        std::pop_heap(heap.begin(), heap.end());
        heap.back() = {squared[i], i};
        std::push_heap(heap.begin(), heap.end());
      }
    }
    for (std::size_t i = 0; i < out.count; ++i) {
      out.nearest[row * out.count + i] = heap[i].second;
      out.distances[row * out.count + i] = std::sqrt(heap[i].first);
    }
  }
  return out;
}

std::vector<double> farthest(const Neighbours& neighbours) {
  std::vector<double> out(neighbours.distances.size() / neighbours.count);
  for (std::size_t row = 0; row < out.size(); ++row) {
    const auto first = neighbours.distances.begin() + static_cast<std::ptrdiff_t>(row * neighbours.count);
    out[row] = *std::max_element(first, first + static_cast<std::ptrdiff_t>(neighbours.count));
  }
  return out;
}

std::vector<double> local_outlier_factor(const Neighbours& neighbours) {
  constexpr double kTiny = 1e-10;  // equal rows have no distance, and a density all the same
  const std::vector<double> reach = farthest(neighbours);
  std::vector<double> density(reach.size());
  const auto count = static_cast<double>(neighbours.count);
  const auto row_of = [&](std::size_t i) { return neighbours.reference[neighbours.nearest[i]]; };
  for (std::size_t row = 0; row < reach.size(); ++row) {
    double sum = 0;
    for (std::size_t i = row * neighbours.count; i < (row + 1) * neighbours.count; ++i) {
      sum += std::max<double>(neighbours.distances[i], reach[row_of(i)]);
    }
    density[row] = 1 / (sum / count + kTiny);
  }
  std::vector<double> out(reach.size());
  for (std::size_t row = 0; row < reach.size(); ++row) {
    double sum = 0;
    for (std::size_t i = row * neighbours.count; i < (row + 1) * neighbours.count; ++i) sum += density[row_of(i)];
    out[row] = sum / count / density[row];
  }
  return out;
}

std::vector<double> sampled_nearest(const Matrix& table, std::size_t sample, std::size_t rounds, Random& random) {
  constexpr float kElsewhere = 1e-9F;  // squared: the row itself, or one like it, is passed over
  std::vector<double> out(table.rows, 0.0);
  std::vector<float> squared;
  for (std::size_t round = 0; round < rounds; ++round) {
    const Lanes lanes(table, random.sample(table.rows, sample));
    for (std::size_t row = 0; row < table.rows; ++row) {
      lanes.squared_distances(table.row(row), squared);
      float least = std::numeric_limits<float>::max();
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        if (squared[i] > kElsewhere) least = std::min(least, squared[i]);
      }
      if (least < std::numeric_limits<float>::max()) out[row] += std::sqrt(least) / static_cast<double>(rounds);
    }
  }
  return out;
}

std::vector<double> cell_mass(const Matrix& table, std::size_t sample, std::size_t rounds, Random& random) {
  std::vector<double> out(table.rows, 0.0);
  std::vector<float> squared;
  std::vector<std::size_t> cells(table.rows);
  for (std::size_t round = 0; round < rounds; ++round) {
    const Lanes lanes(table, random.sample(table.rows, sample));
    std::vector<std::size_t> mass(lanes.size(), 0);
    for (std::size_t row = 0; row < table.rows; ++row) {
      lanes.squared_distances(table.row(row), squared);
      const auto end = squared.begin() + static_cast<std::ptrdiff_t>(lanes.size());
      cells[row] = static_cast<std::size_t>(std::min_element(squared.begin(), end) - squared.begin());
      ++mass[cells[row]];
    }
    const double whole = static_cast<double>(table.rows) * static_cast<double>(rounds);
    for (std::size_t row = 0; row < table.rows; ++row) out[row] -= static_cast<double>(mass[cells[row]]) / whole;
  }
  return out;
}

}  // namespace redoubt::anomaly::internal
