#include <algorithm>
#include <cmath>
#include <numeric>

#include "anomaly/internal/scaled_table.h"

namespace redoubt::anomaly::internal {
namespace {

constexpr double kValueMax = 1e140;  // squares of it can be added

void fill_missing(std::vector<double>& column) {
  std::vector<double> known;
  for (const double value : column) {
    if (std::isfinite(value)) known.push_back(std::clamp(value, -kValueMax, kValueMax));
  }
  double median = 0;
  if (!known.empty()) {
    const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
    std::nth_element(known.begin(), middle, known.end());
    median = *middle;
  }
  for (double& value : column) value = std::isfinite(value) ? std::clamp(value, -kValueMax, kValueMax) : median;
}

}  // namespace

std::vector<double> mean_ranks(const std::vector<double>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::vector<double> out(scores.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && scores[order[last]] == scores[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) out[order[i]] = 0.5 * static_cast<double>(first + last);
    first = last;
  }
  return out;
}

ScaledTable scale(const Table& table) {
  std::vector<std::vector<double>> columns;
  for (std::size_t c = 0; c < table.columns; ++c) {
    std::vector<double> column(table.rows);
    for (std::size_t r = 0; r < table.rows; ++r) column[r] = table.values[r * table.columns + c];
    fill_missing(column);
    const auto [least, largest] = std::minmax_element(column.begin(), column.end());
    if (least != column.end() && *least < *largest) columns.push_back(std::move(column));
  }
  const Matrix empty{
      .rows = table.rows, .columns = columns.size(), .values = std::vector<float>(table.rows * columns.size())};
  ScaledTable out{.unit = empty, .standard = empty, .ranks = empty};
  const auto rows = static_cast<double>(table.rows);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::vector<double>& column = columns[c];
    const auto [least, largest] = std::minmax_element(column.begin(), column.end());
    const double mean = std::accumulate(column.begin(), column.end(), 0.0) / rows;
    double squares = 0;
    for (const double value : column) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / rows);
    const std::vector<double> ranks = mean_ranks(column);
    for (std::size_t r = 0; r < table.rows; ++r) {
      out.unit.row(r)[c] = static_cast<float>((column[r] - *least) / (*largest - *least));
      // Of values that differ less than their squares can tell, nothing is far out.
      out.standard.row(r)[c] = deviation > 0 ? static_cast<float>((column[r] - mean) / deviation) : 0.0F;
      out.ranks.row(r)[c] = static_cast<float>(ranks[r] / rows);
    }
  }
  return out;
}

}  // namespace redoubt::anomaly::internal
