// Nearest rows among reference rows, and scores made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "anomaly/internal/random.h"
#include "anomaly/internal/scaled_table.h"

namespace redoubt::anomaly::internal {

// For each row its `count` nearest reference rows, itself not among them, in no order.
struct Neighbours {
  std::size_t count = 0;
  std::vector<std::size_t> reference;  // rows
  std::vector<std::uint32_t> nearest;  // places in `reference`, `count` for each row
  std::vector<float> distances;        // as they lie in `nearest`; Euclidean
};

// Of `references` rows chosen by chance (all, if there are no more). `wanted` is of the whole table: of a sample as
// much less as the sample is, but at least 20, or `wanted` if that is less. Precondition: at least 2 rows.
// Time: rows × references × columns.
Neighbours find_neighbours(const Matrix& table, std::size_t references, std::size_t wanted, Random& random);

// The distance to the farthest of them.
std::vector<double> farthest(const Neighbours& neighbours);
// The density at the row's neighbours over that at the row (Breunig et al., "LOF: identifying density-based local
// outliers", 2000).
std::vector<double> local_outlier_factor(const Neighbours& neighbours);
// The distance to the nearest of `sample` rows that are elsewhere, the mean over `rounds` samples.
std::vector<double> sampled_nearest(const Matrix& table, std::size_t sample, std::size_t rounds, Random& random);
// Minus the share of rows that have the same nearest of `sample` rows, the mean over `rounds` samples.
std::vector<double> cell_mass(const Matrix& table, std::size_t sample, std::size_t rounds, Random& random);

}  // namespace redoubt::anomaly::internal
