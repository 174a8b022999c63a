// Rows for a model, read into cells, and the contract that they are read by.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/input_contract.h"

namespace redoubt::contract::internal {

struct Cell {
  enum class Kind : std::uint8_t { kMissing, kNumber, kText, kBoolean, kOther };
  Kind kind = Kind::kMissing;
  bool boolean = false;
  double number = 0;
  std::string_view text;  // as long as the document

  static Cell of(simdjson::dom::element json);
  // The name that a category goes by.
  std::string_view category() const { return kind == Kind::kBoolean ? (boolean ? "true" : "false") : text; }
};

using ColumnNames = std::map<std::string, std::size_t, std::less<>>;

struct Table {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<Cell> cells;                      // by row
  std::vector<std::uint64_t> rows_with_others;  // with members that are no columns

  const Cell& at(std::size_t row, std::size_t column) const { return cells[row * columns + column]; }
};

// In the forms of input_contract.h. Errors: kMalformed, kTooLarge.
Result<Table> read_table(const ColumnNames& names, simdjson::dom::element request);

// What the reference says of a column: categories' shares, or those between quantiles.
struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::optional<double> min;
  std::optional<double> max;
  double missing = 0;
  std::vector<std::string> categories;  // sorted; empty where any may be
  std::vector<double> edges;            // of bins: (-∞, e0), [e0, e1), …, [en, ∞)
  std::vector<double> shares;           // of bins or categories, in the reference; empty without one
  double median = 0;
  double scale = 0;  // comparable with a standard deviation; 0: it is not scored

  bool is_numeric() const { return type == ColumnType::kInteger || type == ColumnType::kNumber; }
  bool is_counted() const { return !shares.empty(); }
  // Which bin or category a value is in; shares.size() when it is missing or none of them.
  std::size_t bin_of(const Cell& cell) const;
};

struct Contract {
  std::vector<Column> columns;
  ColumnNames names;
  bool others = false;
  double max_psi = 0.2;
  double max_distance = 0.15;
  std::uint64_t reference_rows = 0;
  std::vector<std::size_t> scored;   // numeric columns with a scale
  std::vector<double> precision;     // of their correlations: the inverse of the matrix, by row
  std::vector<double> usual_scores;  // of the reference's rows, sorted: 0 %, 1 %, …, 100 %

  // Fills `names` and `scored` from `columns`.
  void index();
};

// A contract that these rows keep, with a reference (InputContract::fit). `in_order`: the columns' names.
Result<Contract> fit_table(const std::vector<std::string>& in_order, const Table& table);

// Of each row; empty without a reference. Views live as long as the contract.
std::vector<RowScore> scores_of(const Contract& contract, const Table& table);

// How unusual a row is, without a unit, and which column does most to it.
std::pair<double, std::size_t> unusualness(const Contract& contract, const Table& table, std::size_t row);

// The inverse of a symmetric positive definite matrix of n rows; nothing when it is not one.
std::optional<std::vector<double>> inverse(std::vector<double> matrix, std::size_t n);

}  // namespace redoubt::contract::internal
