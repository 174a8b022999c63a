// Whether what arrives has shifted from the reference.
#include <algorithm>
#include <cmath>
#include <utility>

#include "contract/input_contract.h"
#include "contract/internal/table.h"

namespace redoubt::contract {
namespace {

// A share of nothing has no logarithm: half a row is taken for none.
double at_least(double share, double rows) {
  return std::max(share, 0.5 / rows);
}

// By how much a share may exceed what is expected, in so many rows: three standard deviations.
double chance(double share, double rows) {
  return 3 * std::sqrt(share * (1 - share) / rows);
}

}  // namespace

DriftWindow::DriftWindow(const InputContract& contract, std::uint64_t window_rows)
    : DriftWindow(contract.contract_, window_rows) {}

DriftWindow::DriftWindow(std::shared_ptr<const internal::Contract> contract, std::uint64_t window_rows)
    : contract_(std::move(contract)),
      half_(std::max<std::uint64_t>(window_rows / 2, 1)),
      now_(empty_counts()),
      before_(empty_counts()) {}

DriftWindow::Counts DriftWindow::empty_counts() const {
  Counts counts;
  // One for values that are in no bin: another category, another type; one for what is missing.
  for (const internal::Column& column : contract_->columns) counts.bins.emplace_back(column.shares.size() + 2);
  return counts;
}

Result<> DriftWindow::add(simdjson::dom::element request) {
  const auto table = internal::read_table(contract_->names, request);
  if (!table) return table.error();
  add(*table);
  return {};
}

void DriftWindow::add(const internal::Table& table) {
  for (std::size_t row = 0; row < table.rows; ++row) {
    for (std::size_t i = 0; i < contract_->columns.size(); ++i) {
      const internal::Cell& cell = table.at(row, i);
      const bool missing = cell.kind == internal::Cell::Kind::kMissing;
      const std::size_t bins = contract_->columns[i].shares.size();
      ++now_.bins[i][missing ? bins + 1 : bins == 0 ? 0 : contract_->columns[i].bin_of(cell)];
    }
    if (++now_.rows == half_) {
      before_ = std::move(now_);
      now_ = empty_counts();
    }
  }
}

std::vector<ColumnDrift> DriftWindow::drift() const {
  std::vector<ColumnDrift> all;
  const std::uint64_t rows = now_.rows + before_.rows;
  if (before_.rows == 0) return all;
  for (std::size_t i = 0; i < contract_->columns.size(); ++i) {
    const internal::Column& column = contract_->columns[i];
    if (!column.is_counted()) continue;
    const std::size_t bins = column.shares.size();
    const auto count = [&](std::size_t bin) { return static_cast<double>(now_.bins[i][bin] + before_.bins[i][bin]); };
    ColumnDrift drift{.column = column.name, .missing_share = count(bins + 1) / static_cast<double>(rows)};
    const double there = static_cast<double>(rows) - count(bins + 1);
    double cumulated = 0;
    for (std::size_t bin = 0; bin <= bins && there > 0; ++bin) {
      const double expected = bin < bins ? column.shares[bin] : 0;
      const double seen = count(bin) / there;
      // Categories have no order: their largest difference is one of shares.
      cumulated = column.is_numeric() ? cumulated + seen - expected : seen - expected;
      drift.distance = std::max(drift.distance, std::abs(cumulated));
      if (expected == 0 && seen == 0) continue;
      const double e = at_least(expected, static_cast<double>(contract_->reference_rows) + 1);
      const double a = at_least(seen, there);
      drift.psi += (a - e) * std::log(a / e);
    }
    drift.exceeds = drift.psi > contract_->max_psi || drift.distance > contract_->max_distance ||
                    drift.missing_share > column.missing + chance(column.missing, static_cast<double>(rows));
    all.push_back(drift);
  }
  return all;
}

}  // namespace redoubt::contract
