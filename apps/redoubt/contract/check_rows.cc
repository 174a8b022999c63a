// `redoubt contract check` of rows by a contract.
#include <cstdio>

#include "contract/input_contract.h"
#include "encoding/json_writer.h"
#include "redoubt/contract/judgement.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::contract_verbs {
namespace {

struct Findings {
  contract::InputContract contract;
  contract::InputReport report;
  std::vector<contract::ColumnDrift> drift;
};

Result<Findings> findings_of(const std::string& text, const CheckOptions& options) {
  auto contract = contract::InputContract::parse(text);
  if (!contract) return contract.error().in(options.contract);
  const auto rows = inspect_verbs::read_text(options.file);
  if (!rows) return rows.error();
  encoding::JsonReader reader(kInstanceLimits);
  const auto root = reader.parse(*rows);
  if (!root) return root.error().in(options.file);
  auto report = contract->check(*root);
  if (!report) return report.error().in(options.file);
  contract::DriftWindow window(*contract, options.window_rows);
  if (auto added = window.add(*root); !added) return added.error();
  return Findings{*std::move(contract), *std::move(report), window.drift()};
}

std::uint64_t shown_rows(const contract::InputViolation& violation) {
  return std::min<std::uint64_t>(violation.count, contract::InputViolation::kRows);
}

void print_json(const Findings& found) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", found.report.violations.empty());
  json.member("rows", found.report.rows);
  json.key("violations");
  json.begin_array();
  for (const auto& violation : found.report.violations) {
    json.begin_object();
    json.member("column", violation.column);
    json.member("rule", violation.rule);
    json.member("count", violation.count);
    json.key("rows");
    json.begin_array();
    for (std::uint64_t i = 0; i < shown_rows(violation); ++i) json.value(violation.first_rows[i]);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  write_drift(json, found.drift, "column");
  write_scores(json, found.report.scores);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_lines(const Findings& found) {
  for (const auto& violation : found.report.violations) {
    std::printf("`%.*s` breaks `%.*s` in %llu of %llu rows, first in row %llu\n",
                static_cast<int>(violation.column.size()), violation.column.data(),
                static_cast<int>(violation.rule.size()), violation.rule.data(),
                static_cast<unsigned long long>(violation.count), static_cast<unsigned long long>(found.report.rows),
                static_cast<unsigned long long>(violation.first_rows[0]));
  }
  print_drift(found.drift);
  print_scores(found.report.scores, "row");
}

}  // namespace

int check_rows(const std::string& contract, const CheckOptions& options, bool json) {
  const auto found = findings_of(contract, options);
  if (!found) return report(found.error(), json);
  json ? print_json(*found) : print_lines(*found);
  return found->report.violations.empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::contract_verbs
