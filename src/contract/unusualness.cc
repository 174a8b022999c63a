// How far a row is from the reference: a Mahalanobis distance of its numbers, and how rare its categories are.
#include <algorithm>
#include <cmath>

#include "contract/internal/table.h"

namespace redoubt::contract::internal {
namespace {

// Beyond so many deviations further ones say nothing.
constexpr double kMostDeviations = 30;

}  // namespace

std::pair<double, std::size_t> unusualness(const Contract& contract, const Table& table, std::size_t row) {
  const std::size_t n = contract.scored.size();
  double sum = 0;
  double most = -1;
  std::size_t source = 0;
  const auto add = [&](std::size_t column, double part) {
    sum += part;
    if (part <= most) return;
    most = part;
    source = column;
  };
  const auto deviations = [&](std::size_t i) {
    const Column& column = contract.columns[contract.scored[i]];
    const Cell& cell = table.at(row, contract.scored[i]);
    if (cell.kind != Cell::Kind::kNumber) return 0.0;
    return std::clamp((cell.number - column.median) / column.scale, -kMostDeviations, kMostDeviations);
  };
  for (std::size_t i = 0; i < n; ++i) {
    const double z = deviations(i);
    double product = 0;
    for (std::size_t k = 0; k < n; ++k) product += contract.precision[i * n + k] * deviations(k);
    add(contract.scored[i], z * product);
  }
  // A category's part is what a number of the same rarity would have, about: -2 ln p.
  const double unseen = 1 / (2 * (static_cast<double>(contract.reference_rows) + 1));
  for (std::size_t i = 0; i < contract.columns.size(); ++i) {
    const Column& column = contract.columns[i];
    const Cell& cell = table.at(row, i);
    if (column.is_numeric() || !column.is_counted() || cell.kind == Cell::Kind::kMissing) continue;
    const std::size_t bin = column.bin_of(cell);
    add(i, -2 * std::log(bin < column.shares.size() ? std::max(column.shares[bin], unseen) : unseen));
  }
  return {sum, source};
}

// By Cholesky: A = L Lᵀ, and each column of the inverse by substitution, forward and back.
std::optional<std::vector<double>> inverse(std::vector<double> matrix, std::size_t n) {
  std::vector<double>& l = matrix;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      double rest = l[i * n + k];
      for (std::size_t j = 0; j < k; ++j) rest -= l[i * n + j] * l[k * n + j];
      if (i != k) {
        l[i * n + k] = rest / l[k * n + k];
      } else if (rest > 0) {
        l[i * n + i] = std::sqrt(rest);
      } else {
        return std::nullopt;
      }
    }
  }
  std::vector<double> out(n * n);
  std::vector<double> y(n);
  for (std::size_t column = 0; column < n; ++column) {
    for (std::size_t i = 0; i < n; ++i) {
      double rest = i == column ? 1 : 0;
      for (std::size_t k = 0; k < i; ++k) rest -= l[i * n + k] * y[k];
      y[i] = rest / l[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
      double rest = y[i];
      for (std::size_t k = i + 1; k < n; ++k) rest -= l[k * n + i] * out[k * n + column];
      out[i * n + column] = rest / l[i * n + i];
    }
  }
  return out;
}

}  // namespace redoubt::contract::internal
