// How soon random cuts part a row from the others, and how rare its values are column by column.
#pragma once

#include <cstddef>
#include <vector>

#include "anomaly/internal/random.h"
#include "anomaly/internal/scaled_table.h"

namespace redoubt::anomaly::internal {

// Minus the mean depth at which a row is alone in `trees` trees of 256 rows each, whose cuts are oblique in two columns
// (Hariri, Kind and Brunner, "Extended isolation forest", 2018).
std::vector<double> isolation(const Matrix& table, std::size_t trees, Random& random);

// The sum over columns of -ln of the share of rows in the row's of `bins` equal bins.
std::vector<double> histogram_rarity(const Matrix& table, std::size_t bins);

}  // namespace redoubt::anomaly::internal
