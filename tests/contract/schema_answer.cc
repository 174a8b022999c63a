// Verdicts of contract::JsonSchema: schema_answer < CASES > ANSWERS, one JSON object a line each (README.md).
#include <cstdio>
#include <iostream>
#include <string>

#include "contract/json_schema.h"
#include "encoding/json_writer.h"

namespace {

using namespace redoubt;

// Of a case that is as the README says.
std::string_view text_of(simdjson::dom::element from, std::string_view name) {
  std::string_view text;
  if (from[name].get(text) == simdjson::SUCCESS) return text;
  std::fprintf(stderr, "schema_answer: a case has no text `%.*s`\n", static_cast<int>(name.size()), name.data());
  std::exit(3);
}

std::string answer(simdjson::dom::element given, encoding::JsonReader& reader) {
  contract::JsonSchemaOptions options;
  if (text_of(given, "dialect") == "7") options.dialect = contract::SchemaDialect::kDraft7;
  const auto schema = contract::JsonSchema::compile(text_of(given, "schema"), options);
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("schema", schema.has_value());
  if (!schema) {
    json.member("why", schema.error().message());
    json.end_object();
    return out;
  }
  simdjson::dom::array instances;
  if (given["instances"].get(instances) != simdjson::SUCCESS) text_of(given, "instances");
  json.key("verdicts");
  json.begin_array();
  for (const auto instance : instances) {
    std::string_view text;
    const auto parsed =
        instance.get(text) == simdjson::SUCCESS ? reader.parse(text) : Error(Errc::kMalformed, "no text");
    const auto problems =
        parsed ? schema->validate(*parsed) : Result<std::vector<contract::SchemaProblem>>(parsed.error());
    if (problems) {
      json.value(problems->empty());
    } else {
      json.null();
    }
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace

int main() {
  redoubt::encoding::JsonReader cases;
  redoubt::encoding::JsonReader instances;
  for (std::string line; std::getline(std::cin, line);) {
    const auto given = cases.parse(line);
    if (!given) {
      std::fprintf(stderr, "schema_answer: %s\n", given.error().message().c_str());
      return 3;
    }
    std::cout << answer(*given, instances) << '\n';
  }
  return 0;
}
