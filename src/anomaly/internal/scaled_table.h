// A table in the scales that detectors want, each column by itself.
#pragma once

#include <cstddef>
#include <vector>

#include "anomaly/outliers.h"

namespace redoubt::anomaly::internal {

// Row after row.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values;

  const float* row(std::size_t at) const { return values.data() + at * columns; }
  float* row(std::size_t at) { return values.data() + at * columns; }
};

struct ScaledTable {
  Matrix unit;      // least 0, largest 1
  Matrix standard;  // mean 0, standard deviation 1
  Matrix ranks;     // ranks, ties by their mean, in (0, 1)
};

// Without the columns that have not two different values. What is not finite is the median of the column's others.
ScaledTable scale(const Table& table);

// The rank of each score among them, from 0.5 to their count less 0.5, ties by their mean.
std::vector<double> mean_ranks(const std::vector<double>& scores);

}  // namespace redoubt::anomaly::internal
