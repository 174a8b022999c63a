#include <algorithm>
#include <cmath>
#include <numeric>

#include "anomaly/internal/covariance.h"

namespace redoubt::anomaly::internal {
namespace {

// Added to variances, so that columns that say the same can be told apart by nothing.
constexpr double kWhitenRidge = 1e-5;
constexpr double kRobustRidge = 1e-3;
constexpr double kCore = 0.6;
constexpr int kSteps = 5;
// More rows do not make a covariance better, only slower.
constexpr std::size_t kRowsMax = 16'384;

// A centre, and the lower triangle L of the covariance L Lᵀ.
class Shape {
 public:
  // Of the rows listed, at least one. Ridge: above 0, so the factorisation exists.
  Shape(const Matrix& table, const std::vector<std::size_t>& rows, double ridge)
      : size_(table.columns), centre_(size_, 0.0), factor_(size_ * size_, 0.0), solved_(size_) {
    const auto count = static_cast<double>(rows.size());
    for (const std::size_t row : rows) {
      for (std::size_t c = 0; c < size_; ++c) centre_[c] += table.row(row)[c] / count;
    }
    std::vector<double> apart(size_);
    for (const std::size_t row : rows) {
      for (std::size_t c = 0; c < size_; ++c) apart[c] = table.row(row)[c] - centre_[c];
      for (std::size_t i = 0; i < size_; ++i) {
        double* const out = factor_.data() + i * size_;
        const double value = apart[i] / std::max(count - 1, 1.0);
        for (std::size_t j = 0; j <= i; ++j) out[j] += value * apart[j];
      }
    }
    for (std::size_t i = 0; i < size_; ++i) factor_[i * size_ + i] += ridge;
    factorise();
  }

  // Solves L x = row − centre. The view is valid until the next call.
  const std::vector<double>& solve(const float* row) {
    for (std::size_t i = 0; i < size_; ++i) {
      const double* const of = factor_.data() + i * size_;
      double value = row[i] - centre_[i];
      for (std::size_t j = 0; j < i; ++j) value -= of[j] * solved_[j];
      solved_[i] = value / of[i];
    }
    return solved_;
  }

  double squared_distance(const float* row) {
    const std::vector<double>& x = solve(row);
    return std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  }

 private:
  void factorise() {  // Cholesky, in place
    for (std::size_t i = 0; i < size_; ++i) {
      double* const of = factor_.data() + i * size_;
      for (std::size_t j = 0; j <= i; ++j) {
        const double* const other = factor_.data() + j * size_;
        double value = of[j];
        for (std::size_t k = 0; k < j; ++k) value -= of[k] * other[k];
        // A pivot can only fall below the ridge by rounding.
        of[j] = i == j ? std::sqrt(std::max(value, 1e-9)) : value / other[j];
      }
    }
  }

  std::size_t size_;
  std::vector<double> centre_;
  std::vector<double> factor_;
  std::vector<double> solved_;
};

// All rows, or as many as matter, evenly spread.
std::vector<std::size_t> spread_rows(std::size_t rows) {
  const std::size_t count = std::min(rows, kRowsMax);
  std::vector<std::size_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = i * rows / count;
  return out;
}

}  // namespace

Matrix project(const Matrix& table, std::size_t columns, Random& random) {
  if (table.columns <= columns) return table;
  Matrix out{.rows = table.rows, .columns = columns, .values = std::vector<float>(table.rows * columns, 0.0F)};
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(columns)));
  std::vector<float> signs(table.columns * columns);
  for (float& sign : signs) sign = random.uniform() < 0.5 ? -scale : scale;
  for (std::size_t row = 0; row < table.rows; ++row) {
    float* const to = out.row(row);
    for (std::size_t c = 0; c < table.columns; ++c) {
      const float value = table.row(row)[c];
      const float* const sign = signs.data() + c * columns;
      for (std::size_t i = 0; i < columns; ++i) to[i] += value * sign[i];
    }
  }
  return out;
}

Matrix whiten(const Matrix& table) {
  Shape shape(table, spread_rows(table.rows), kWhitenRidge);
  Matrix out = table;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const std::vector<double>& solved = shape.solve(table.row(row));
    std::transform(solved.begin(), solved.end(), out.row(row), [](double value) { return static_cast<float>(value); });
  }
  return out;
}

std::vector<double> robust_distances(const Matrix& table) {
  const std::vector<std::size_t> rows = spread_rows(table.rows);
  const std::size_t core = std::max<std::size_t>(static_cast<std::size_t>(kCore * static_cast<double>(rows.size())), 1);

  // The first core: nearest to the median of each column.
  std::vector<float> median(table.columns);
  std::vector<float> column(rows.size());
  for (std::size_t c = 0; c < table.columns; ++c) {
    for (std::size_t i = 0; i < rows.size(); ++i) column[i] = table.row(rows[i])[c];
    const auto middle = column.begin() + static_cast<std::ptrdiff_t>(column.size() / 2);
    std::nth_element(column.begin(), middle, column.end());
    median[c] = *middle;
  }
  std::vector<std::pair<double, std::size_t>> nearest(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < table.columns; ++c) {
      const double apart = table.row(rows[i])[c] - median[c];
      sum += apart * apart;
    }
    nearest[i] = {sum, rows[i]};
  }
  std::vector<std::size_t> chosen(core);
  const auto choose = [&] {
    std::nth_element(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(core - 1), nearest.end());
    for (std::size_t i = 0; i < core; ++i) chosen[i] = nearest[i].second;
    std::sort(chosen.begin(), chosen.end());  // sums do not depend on how nth_element left them
  };
  choose();
  for (int step = 1; step < kSteps; ++step) {
    Shape shape(table, chosen, kRobustRidge);
    for (std::size_t i = 0; i < rows.size(); ++i) nearest[i] = {shape.squared_distance(table.row(rows[i])), rows[i]};
    choose();
  }
  Shape shape(table, chosen, kRobustRidge);
  std::vector<double> out(table.rows);
  for (std::size_t row = 0; row < table.rows; ++row) out[row] = shape.squared_distance(table.row(row));
  return out;
}

}  // namespace redoubt::anomaly::internal
