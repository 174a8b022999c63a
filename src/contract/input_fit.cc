// A contract made of rows.
#include <algorithm>
#include <cmath>
#include <set>

#include "contract/input_contract.h"
#include "contract/internal/contract_json.h"
#include "contract/internal/formats.h"
#include "contract/internal/table.h"

namespace redoubt::contract {
namespace {

using internal::Cell;
using internal::Column;
using internal::Contract;
using internal::Table;
using Kind = Cell::Kind;

constexpr std::size_t kMinRows = 20;
constexpr std::size_t kMaxCategories = 64;
constexpr std::size_t kBins = 10;
// Of a normal distribution: its deviation by half of the width of its middle half.
constexpr double kDeviationsOfHalfWidth = 0.6745;
// What is further out than this many deviations says nothing about correlations.
constexpr double kMostDeviations = 3;

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[std::min(static_cast<std::size_t>(share * static_cast<double>(sorted.size())), sorted.size() - 1)];
}

bool all_are(const std::vector<const Cell*>& cells, Kind kind) {
  return std::all_of(cells.begin(), cells.end(), [kind](const Cell* cell) { return cell->kind == kind; });
}

void fit_numbers(const std::vector<const Cell*>& cells, Column& column) {
  std::vector<double> sorted;
  for (const Cell* cell : cells) sorted.push_back(cell->number);
  std::sort(sorted.begin(), sorted.end());
  const auto whole = [](double number) { return number == std::trunc(number); };
  column.type = std::all_of(sorted.begin(), sorted.end(), whole) ? ColumnType::kInteger : ColumnType::kNumber;
  const double low = sorted.front();
  const double high = sorted.back();
  const double margin = (high - low) / 10;
  column.min = low >= 0 ? std::max(low - margin, 0.0) : low - margin;  // what is never negative stays so
  column.max = high + margin;
  if (column.type == ColumnType::kInteger) {
    column.min = std::floor(*column.min);
    column.max = std::ceil(*column.max);
  }
  for (std::size_t bin = 1; bin < kBins; ++bin) {
    const double edge = quantile(sorted, static_cast<double>(bin) / kBins);
    if (edge > low && (column.edges.empty() || edge > column.edges.back())) column.edges.push_back(edge);
  }
  // Nearly all values are the lowest one: then whether there is another.
  if (column.edges.empty() && high > low) column.edges.push_back(*std::upper_bound(sorted.begin(), sorted.end(), low));
  column.median = quantile(sorted, 0.5);
  // Robust where it can be; a column that is mostly one value has its deviation only.
  column.scale = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / kDeviationsOfHalfWidth;
  if (column.scale <= 0) {
    double squares = 0;
    for (const double number : sorted) squares += (number - column.median) * (number - column.median);
    column.scale = std::sqrt(squares / static_cast<double>(sorted.size()));
  }
  if (!std::isfinite(column.scale) || !std::isfinite(margin)) column.scale = 0;
}

void fit_texts(const std::vector<const Cell*>& cells, Column& column) {
  const bool timestamps = std::all_of(cells.begin(), cells.end(),
                                      [](const Cell* cell) { return internal::format_named("date-time")(cell->text); });
  std::set<std::string_view> kinds;
  for (const Cell* cell : cells) {
    if (kinds.size() <= kMaxCategories) kinds.insert(cell->category());
  }
  if (timestamps) {
    column.type = ColumnType::kTimestamp;
  } else if (kinds.size() <= kMaxCategories && kinds.size() * 2 <= cells.size()) {
    column.type = ColumnType::kCategory;
    column.categories.assign(kinds.begin(), kinds.end());
  }
}

void count_shares(const std::vector<const Cell*>& cells, Column& column) {
  if (cells.empty() || (!column.is_numeric() && column.categories.empty())) return;
  column.shares.assign(column.is_numeric() ? column.edges.size() + 1 : column.categories.size(), 0);
  const double each = 1 / static_cast<double>(cells.size());
  for (const Cell* cell : cells) column.shares[column.bin_of(*cell)] += each;
  for (double& share : column.shares) share = std::min(share, 1.0);
}

Result<Column> fit_column(const std::string& name, const Table& table, std::size_t index) {
  Column column;
  column.name = name;
  std::vector<const Cell*> cells;  // that are there
  for (std::size_t row = 0; row < table.rows; ++row) {
    const Cell& cell = table.at(row, index);
    if (cell.kind != Kind::kMissing) cells.push_back(&cell);
  }
  const auto rows = static_cast<double>(table.rows);
  const double missing = 1 - static_cast<double>(cells.size()) / rows;
  if (missing > 0) column.missing = std::min(1.0, missing + 3 * std::sqrt(missing * (1 - missing) / rows));
  if (cells.empty()) return column;  // text, of which nothing is known
  if (all_are(cells, Kind::kNumber)) {
    fit_numbers(cells, column);
  } else if (all_are(cells, Kind::kBoolean)) {
    column.type = ColumnType::kBoolean;
    column.categories = {"false", "true"};
  } else if (all_are(cells, Kind::kText)) {
    fit_texts(cells, column);
  } else {
    return Error(Errc::kMalformed, "the column `" + name.substr(0, 200) + "` has values of several types");
  }
  count_shares(cells, column);
  return column;
}

// The inverse of the numbers' correlations. What is far out is drawn in, and the matrix is shrunk towards independence,
// the more the fewer rows there are for a column: so it always has an inverse.
std::vector<double> fit_precision(const Contract& contract, const Table& table) {
  const std::size_t n = contract.scored.size();
  std::vector<double> sums(n * n);
  std::vector<double> z(n);
  std::size_t rows = 0;
  for (std::size_t row = 0; row < table.rows; row += 2, ++rows) {
    for (std::size_t i = 0; i < n; ++i) {
      const Column& column = contract.columns[contract.scored[i]];
      const Cell& cell = table.at(row, contract.scored[i]);
      z[i] = cell.kind == Kind::kMissing
                 ? 0
                 : std::clamp((cell.number - column.median) / column.scale, -kMostDeviations, kMostDeviations);
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) sums[i * n + k] += z[i] * z[k];
    }
  }
  const double shrunk = std::max(0.01, static_cast<double>(n) / static_cast<double>(n + rows));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      double& value = sums[i * n + k];
      value =
          i == k ? std::max(value / static_cast<double>(rows), 0.01) : value / static_cast<double>(rows) * (1 - shrunk);
    }
  }
  if (auto precision = internal::inverse(sums, n)) return *std::move(precision);
  std::vector<double> alone(n * n);
  for (std::size_t i = 0; i < n; ++i) alone[i * n + i] = 1;
  return alone;
}

std::vector<double> fit_scores(const Contract& contract, const Table& table) {
  std::vector<double> all;
  for (std::size_t row = 1; row < table.rows; row += 2)
    all.push_back(internal::unusualness(contract, table, row).first);
  std::sort(all.begin(), all.end());
  std::vector<double> usual;
  for (std::size_t i = 0; i < internal::kUsualScores; ++i) {
    usual.push_back(quantile(all, static_cast<double>(i) / (internal::kUsualScores - 1)));
  }
  return usual;
}

}  // namespace

Result<InputContract> InputContract::fit(simdjson::dom::element rows) {
  simdjson::dom::array list;
  if (rows.get(list) != simdjson::SUCCESS) return Error(Errc::kMalformed, "rows must be a list of objects");
  internal::ColumnNames names;
  std::vector<std::string> in_order;
  for (const simdjson::dom::element row : list) {
    simdjson::dom::object object;
    if (row.get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "rows must be a list of objects");
    for (const auto& member : object) {
      if (member.key.empty()) return Error(Errc::kMalformed, "a row has a column with an empty name");
      if (names.emplace(member.key, in_order.size()).second) in_order.emplace_back(member.key);
    }
    if (in_order.size() > internal::kMaxColumns) return Error(Errc::kTooLarge, "rows have more than 256 columns");
  }
  const auto table = internal::read_table(names, rows);
  if (!table) return table.error();
  auto contract = internal::fit_table(in_order, *table);
  if (!contract) return contract.error();
  return InputContract(std::make_shared<const Contract>(*std::move(contract)));
}

Result<Contract> internal::fit_table(const std::vector<std::string>& in_order, const Table& table) {
  if (table.rows < kMinRows || in_order.empty()) {
    return Error(Errc::kInvalidArgument, "a contract needs 20 rows at least, with a column");
  }
  Contract contract;
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    auto column = fit_column(in_order[i], table, i);
    if (!column) return column.error();
    contract.columns.push_back(*std::move(column));
  }
  contract.index();
  contract.reference_rows = table.rows;
  contract.precision = fit_precision(contract, table);
  contract.usual_scores = fit_scores(contract, table);
  return contract;
}

}  // namespace redoubt::contract
