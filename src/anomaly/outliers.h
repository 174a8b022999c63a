// Which rows of a table are unlike the others: one score a row, without labels.
//
//   Table table{.rows = 3, .columns = 2, .values = {1, 2,  1.1, 2.2,  9, -4}};     // row after row
//   const auto scores = outlier_scores(table, 1);
//   // (*scores)[2] is the highest
//
// No single idea of "unlike" holds for all data, so eight are asked and their answers are added as surprises (-ln of
// the share of rows that are as far out or farther), one vote each:
//   - isolation: how soon random oblique cuts part the row from the others (Liu, Ting and Zhou 2008; Hariri et al.
//   2018);
//   - distance from a robust centre, measured by a robust covariance (after Rousseeuw's minimum covariance
//   determinant);
//   - rarity of each value in a histogram of its column (Goldstein and Dengel 2012);
//   - mass of the row's cell in random coarse partitions by nearest of four rows (after Ting et al. 2018);
//   - distance to a broad neighbourhood, of ranks (Ramaswamy et al. 2000);
//   - density relative to a broad neighbourhood, and to a near one (local outlier factor, Breunig et al. 2000);
//   - distance to the nearest of small samples, in whitened space (Sugiyama and Borgwardt 2013).
// There is nothing to configure. docs/anomaly.md has what it reaches on public tables, and where it is weak.
//
// A value that is not a number, or infinite, is missing: the median of its column's others stands for it. Columns
// without two different values say nothing and are left out; without any other column, and for fewer than three rows,
// all scores are 0. Rows that are equal have equal scores, but for whether chance chose one of them as a sample.
//
// Wider tables than 256 columns are projected at random to that many before rows are compared as a whole. Time grows
// with rows × min(rows, 8,192) × min(columns, 256): 10,000 rows of 60 columns take a few seconds on one core. Memory is
// about 25 copies of the table's rows or columns squared, whichever is more. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

namespace redoubt::anomaly {

struct Table {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;  // row after row: rows × columns of them
};

constexpr std::size_t kTableRowsMax = 1'000'000;
constexpr std::size_t kTableColumnsMax = 4'096;
constexpr std::size_t kTableValuesMax = 64'000'000;

// A score for each row; higher is more unlike. They order the rows of this table and mean nothing beside those of
// another. Equal tables and seeds give equal scores. Errors: kInvalidArgument when the values are not rows × columns,
// kTooLarge above a limit.
Result<std::vector<double>> outlier_scores(const Table& table, std::uint64_t seed);

// The share of pairs of an outlier and another row that the scores order rightly, ties by half (area under the ROC
// curve); and the average precision: the precision at each outlier in order of falling scores, tied rows taken
// together. Nothing unless there is a row of each kind. `labels`: as many as scores.
struct OutlierQuality {
  double auc = 0;
  double average_precision = 0;
};
std::optional<OutlierQuality> outlier_quality(const std::vector<double>& scores, const std::vector<bool>& labels);

}  // namespace redoubt::anomaly
