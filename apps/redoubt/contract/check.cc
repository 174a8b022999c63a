// `redoubt contract check`: a file of JSON by a schema, or by a contract for rows or tensors.
#include <cstdio>
#include <string>

#include "contract/json_schema.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::contract_verbs {
namespace {

void print_json(const std::vector<contract::SchemaProblem>& problems) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", problems.empty());
  json.key("problems");
  json.begin_array();
  for (const auto& problem : problems) {
    json.begin_object();
    json.member("instance", problem.instance);
    json.member("keyword", problem.keyword);
    json.member("reason", problem.reason);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_lines(const std::vector<contract::SchemaProblem>& problems) {
  for (const auto& problem : problems) {
    std::printf("`%s` %.*s (%s)\n", problem.instance.c_str(), static_cast<int>(problem.reason.size()),
                problem.reason.data(), problem.keyword.c_str());
  }
}

// A schema could have `columns` for a keyword that it made up; nobody writes one beside no other of JSON Schema's.
bool is_contract_of(std::string_view what, const std::string& text) {
  encoding::JsonReader reader;
  const auto root = reader.parse(text);
  return root && (*root)[what].is_array() && (*root)["type"].error() != simdjson::SUCCESS;
}

Result<std::vector<contract::SchemaProblem>> problems_of(const std::string& text, const CheckOptions& options) {
  const auto schema = contract::JsonSchema::compile(
      text, {.dialect = options.draft7 ? contract::SchemaDialect::kDraft7 : contract::SchemaDialect::kDraft202012,
             .assert_formats = !options.no_formats,
             .max_work = 100'000'000});  // of a person who waits
  if (!schema) return schema.error().in(options.contract);
  const auto instance = inspect_verbs::read_text(options.file);
  if (!instance) return instance.error();
  encoding::JsonReader reader(kInstanceLimits);
  const auto root = reader.parse(*instance);
  if (!root) return root.error().in(options.file);
  return schema->validate(*root);
}

}  // namespace

int check(const CheckOptions& options, bool json) {
  const auto text = inspect_verbs::read_text(options.contract);
  if (!text) return report(text.error(), json);
  if (is_contract_of("columns", *text)) return check_rows(*text, options, json);
  if (is_contract_of("tensors", *text)) return check_tensors(*text, options, json);
  const auto problems = problems_of(*text, options);
  if (!problems) return report(problems.error(), json);
  json ? print_json(*problems) : print_lines(*problems);
  return problems->empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::contract_verbs
