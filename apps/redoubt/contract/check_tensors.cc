// `redoubt contract check` of a tensor request by a contract.
#include <cstdio>

#include "contract/tensor_contract.h"
#include "encoding/json_writer.h"
#include "redoubt/contract/judgement.h"
#include "redoubt/contract/tensor_file.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/output.h"

namespace redoubt::app::contract_verbs {
namespace {

struct Findings {
  contract::TensorContract contract;
  contract::TensorReport report;
  std::vector<contract::ColumnDrift> drift;
};

Result<Findings> findings_of(const std::string& text, const CheckOptions& options) {
  auto contract = contract::TensorContract::parse(text);
  if (!contract) return contract.error().in(options.contract);
  auto file = TensorFile::read(options.file, options.header_bytes);
  if (!file) return file.error();
  auto report = contract->check(file->request(), file->binary());
  if (!report) return report.error().in(options.file);
  contract::TensorDriftWindow window(*contract, options.window_rows);
  if (auto added = window.add(file->request(), file->binary()); !added) return added.error();
  auto drift = window.drift();
  return Findings{*std::move(contract), *std::move(report), std::move(drift)};
}

void print_json(const Findings& found) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", found.report.violations.empty());
  json.member("samples", found.report.samples);
  json.key("violations");
  json.begin_array();
  for (const auto& violation : found.report.violations) {
    json.begin_object();
    json.member("tensor", violation.tensor);
    json.member("rule", violation.rule);
    if (violation.channel >= 0) json.member("channel", static_cast<std::uint64_t>(violation.channel));
    json.member("count", violation.count);
    json.member("first", violation.first);
    json.end_object();
  }
  json.end_array();
  write_drift(json, found.drift, "property");
  write_scores(json, found.report.scores);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_lines(const Findings& found) {
  for (const auto& violation : found.report.violations) {
    const std::string channel =
        violation.channel < 0 ? std::string() : " in channel " + std::to_string(violation.channel);
    std::printf("`%.*s` breaks `%.*s`%s %llu times, first at %llu\n", static_cast<int>(violation.tensor.size()),
                violation.tensor.data(), static_cast<int>(violation.rule.size()), violation.rule.data(),
                channel.c_str(), static_cast<unsigned long long>(violation.count),
                static_cast<unsigned long long>(violation.first));
  }
  print_drift(found.drift);
  print_scores(found.report.scores, "sample");
}

}  // namespace

int check_tensors(const std::string& contract, const CheckOptions& options, bool json) {
  const auto found = findings_of(contract, options);
  if (!found) return report(found.error(), json);
  json ? print_json(*found) : print_lines(*found);
  return found->report.violations.empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::contract_verbs
