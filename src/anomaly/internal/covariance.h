// How columns vary together: whitening, and distances from a robust centre.
#pragma once

#include <cstddef>
#include <vector>

#include "anomaly/internal/random.h"
#include "anomaly/internal/scaled_table.h"

namespace redoubt::anomaly::internal {

// A table of at most `columns` columns in which rows are about as far from each other as in `table` (Johnson and
// Lindenstrauss, by random signs; Achlioptas 2003); `table` itself if it has no more.
Matrix project(const Matrix& table, std::size_t columns, Random& random);

// The rows with their correlations taken out: distances between the results are Mahalanobis distances.
Matrix whiten(const Matrix& table);

// Squared Mahalanobis distances from a centre, by a covariance, of the 60 in 100 rows that are nearest to it: found by
// concentration steps from the median (Rousseeuw and Van Driessen, "A fast algorithm for the minimum covariance
// determinant estimator", 1999). Columns are about standard scaled.
std::vector<double> robust_distances(const Matrix& table);

}  // namespace redoubt::anomaly::internal
