#include "contract/input_contract.h"

#include <algorithm>
#include <cmath>

#include "contract/internal/contract_json.h"
#include "contract/internal/formats.h"
#include "contract/internal/table.h"

namespace redoubt::contract {
namespace {

using internal::Cell;
using internal::Column;
using internal::Contract;
using internal::Table;

// Doubles of this size and more are whole numbers only.
constexpr double kAllWhole = 9007199254740992.0;

// Which rule the value breaks, or none.
std::string_view broken_rule(const Column& column, const Cell& cell) {
  using Kind = Cell::Kind;
  if (cell.kind == Kind::kMissing) return column.missing > 0 ? "" : "missing";
  switch (column.type) {
    case ColumnType::kInteger:
    case ColumnType::kNumber:
      if (cell.kind != Kind::kNumber) return "type";
      if (column.type == ColumnType::kInteger && std::abs(cell.number) < kAllWhole &&
          cell.number != std::trunc(cell.number)) {
        return "type";
      }
      if ((column.min && cell.number < *column.min) || (column.max && cell.number > *column.max)) return "range";
      return "";
    case ColumnType::kBoolean:
      return cell.kind == Kind::kBoolean ? "" : "type";
    case ColumnType::kText:
      return cell.kind == Kind::kText ? "" : "type";
    case ColumnType::kTimestamp:
      return cell.kind == Kind::kText && internal::format_named("date-time")(cell.text) ? "" : "type";
    case ColumnType::kCategory:
      if (cell.kind != Kind::kText) return "type";
      return column.categories.empty() ||
                     std::binary_search(column.categories.begin(), column.categories.end(), cell.text)
                 ? ""
                 : "category";
  }
  return "type";
}

void add_violation(InputReport& report, std::string_view column, std::string_view rule, std::size_t row) {
  const auto same = [&](const InputViolation& one) { return one.column == column && one.rule == rule; };
  auto at = std::find_if(report.violations.begin(), report.violations.end(), same);
  if (at == report.violations.end()) {
    at = report.violations.insert(at, InputViolation{.column = column, .rule = rule});
  }
  if (at->count < InputViolation::kRows) at->first_rows[at->count] = row;
  ++at->count;
}

// 0 below all usual ones, 1 above.
float score_of(const std::vector<double>& usual, double unusualness) {
  const auto at = std::upper_bound(usual.begin(), usual.end(), unusualness);
  if (at == usual.begin()) return 0;
  if (at == usual.end()) return 1;
  const double below = *(at - 1);
  const double part = *at > below ? (unusualness - below) / (*at - below) : 0;
  return static_cast<float>((static_cast<double>(at - usual.begin()) - 1 + part) /
                            static_cast<double>(usual.size() - 1));
}

}  // namespace

InputContract::InputContract(std::shared_ptr<const Contract> contract) : contract_(std::move(contract)) {}
InputContract::InputContract(InputContract&&) noexcept = default;
InputContract& InputContract::operator=(InputContract&&) noexcept = default;
InputContract::~InputContract() = default;

Result<InputContract> InputContract::parse(std::string_view json) {
  auto contract = internal::contract_from_json(json);
  if (!contract) return contract.error();
  return InputContract(std::make_shared<const Contract>(*std::move(contract)));
}

std::string InputContract::to_json() const {
  return internal::contract_to_json(*contract_);
}

Result<InputReport> InputContract::check(simdjson::dom::element request) const {
  const auto table = internal::read_table(contract_->names, request);
  if (!table) return table.error();
  InputReport report{.rows = table->rows};
  for (std::size_t row = 0; row < table->rows; ++row) {
    for (std::size_t i = 0; i < contract_->columns.size(); ++i) {
      const std::string_view rule = broken_rule(contract_->columns[i], table->at(row, i));
      if (!rule.empty()) add_violation(report, contract_->columns[i].name, rule, row);
    }
  }
  if (!contract_->others) {
    for (const std::uint64_t row : table->rows_with_others) add_violation(report, {}, "others", row);
  }
  report.scores = internal::scores_of(*contract_, *table);
  return report;
}

std::vector<RowScore> internal::scores_of(const Contract& contract, const Table& table) {
  std::vector<RowScore> scores;
  if (contract.usual_scores.empty()) return scores;
  scores.reserve(table.rows);
  for (std::size_t row = 0; row < table.rows; ++row) {
    const auto [far, source] = unusualness(contract, table, row);
    scores.push_back({score_of(contract.usual_scores, far), contract.columns[source].name});
  }
  return scores;
}

}  // namespace redoubt::contract
