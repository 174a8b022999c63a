#include "contract/internal/contract_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "contract/internal/members.h"
#include "contract/internal/value.h"
#include "encoding/json_writer.h"

namespace redoubt::contract::internal {
namespace {

constexpr encoding::JsonLimits kLimits{.max_bytes = 4 * 1024 * 1024, .max_depth = 16};
constexpr std::array<std::string_view, 6> kTypeNames = {"integer", "number",  "category",
                                                        "text",    "boolean", "timestamp"};

Result<Column> read_column(simdjson::dom::element json, std::size_t number) {
  Members members(json, "columns/" + std::to_string(number) + "/");
  members.only({"name", "type", "min", "max", "missing", "categories", "edges", "shares", "median", "scale"});
  Column column;
  column.name = members.get<std::string_view>("name", "must be a string").value_or("");
  if (column.name.empty()) members.refuse("name", "must be there");
  const std::string_view type = members.get<std::string_view>("type", "must be a string").value_or("");
  const auto known = std::find(kTypeNames.begin(), kTypeNames.end(), type);
  if (known == kTypeNames.end()) {
    members.refuse("type", "must be integer, number, category, text, boolean or timestamp");
  } else {
    column.type = static_cast<ColumnType>(known - kTypeNames.begin());
  }
  column.min = members.get<double>("min", "must be a number");
  column.max = members.get<double>("max", "must be a number");
  if ((column.min || column.max) && !column.is_numeric()) members.refuse("min", "and `max` are for numbers");
  column.missing = members.get<double>("missing", "must be a number").value_or(0);
  if (!(column.missing >= 0 && column.missing <= 1)) members.refuse("missing", "must be from 0 to 1");
  column.categories = members.list<std::string>("categories", "must be a list of strings");
  column.edges = members.list<double>("edges", "must be a list of numbers");
  column.shares = members.list<double>("shares", "must be a list of numbers");
  const bool in_order = std::is_sorted(column.edges.begin(), column.edges.end());
  if (!in_order) members.refuse("edges", "must be in order");
  // Shares stand beside categories in their order: so that is ours, too.
  if (!column.shares.empty() && !std::is_sorted(column.categories.begin(), column.categories.end())) {
    members.refuse("categories", "must be in order");
  }
  std::sort(column.categories.begin(), column.categories.end());
  const std::size_t bins = column.is_numeric() ? column.edges.size() + 1 : column.categories.size();
  if (column.is_counted() && column.shares.size() != bins)
    members.refuse("shares", "must be as many as there are bins");
  for (const double share : column.shares) {
    if (!(share >= 0 && share <= 1)) members.refuse("shares", "must be from 0 to 1");
  }
  column.median = members.get<double>("median", "must be a number").value_or(0);
  column.scale = members.get<double>("scale", "must be a number").value_or(0);
  if (!(column.scale >= 0)) members.refuse("scale", "must be 0 or more");
  if (members.error()) return *members.error();
  return column;
}

Result<> read_reference(simdjson::dom::element json, Contract& contract) {
  Members members(json, "reference/");
  members.only({"rows", "precision", "scores"});
  contract.reference_rows = members.get<std::uint64_t>("rows", "must be a whole number").value_or(0);
  contract.precision = members.list<double>("precision", "must be a list of numbers");
  contract.usual_scores = members.list<double>("scores", "must be a list of numbers");
  if (contract.precision.size() != contract.scored.size() * contract.scored.size()) {
    members.refuse("precision", "must be a matrix of the columns that have a scale");
  }
  if (contract.usual_scores.size() != kUsualScores ||
      !std::is_sorted(contract.usual_scores.begin(), contract.usual_scores.end())) {
    members.refuse("scores", "must be 101 numbers in order");
  }
  if (members.error()) return *members.error();
  return {};
}

void write(encoding::JsonWriter& json, std::string_view name, const std::vector<double>& values) {
  json.key(name);
  json.begin_array();
  for (const double value : values) write_number(json, value);
  json.end_array();
}

void write_column(encoding::JsonWriter& json, const Column& column) {
  json.begin_object();
  json.member("name", column.name);
  json.member("type", kTypeNames[static_cast<std::size_t>(column.type)]);
  const auto number = [&](std::string_view name, std::optional<double> value) {
    if (!value) return;
    json.key(name);
    write_number(json, *value);
  };
  number("min", column.min);
  number("max", column.max);
  if (column.missing > 0) number("missing", column.missing);
  if (!column.categories.empty()) {
    json.key("categories");
    json.begin_array();
    for (const std::string& category : column.categories) json.value(category);
    json.end_array();
  }
  if (!column.edges.empty()) write(json, "edges", column.edges);
  if (column.is_counted()) write(json, "shares", column.shares);
  if (column.scale > 0) {
    number("median", column.median);
    number("scale", column.scale);
  }
  json.end_object();
}

}  // namespace

Result<Contract> contract_from_json(std::string_view text) {
  encoding::JsonReader reader(kLimits);
  const auto root = reader.parse(text);
  if (!root) return root.error();
  Members members(*root, "");
  members.only({"columns", "others", "drift", "reference"});
  Contract contract;
  contract.others = members.get<bool>("others", "must be `true` or `false`").value_or(false);
  const auto columns = members.get<simdjson::dom::array>("columns", "must be a list");
  if (!columns || columns->size() == 0) members.refuse("columns", "must be there");
  if (members.error()) return *members.error();
  if (columns->size() > kMaxColumns) return Error(Errc::kTooLarge, "the contract has more than 256 columns");
  for (const simdjson::dom::element json : *columns) {
    auto column = read_column(json, contract.columns.size());
    if (!column) return column.error();
    contract.columns.push_back(*std::move(column));
  }
  contract.index();
  if (contract.names.size() != contract.columns.size()) members.refuse("columns", "must have different names");
  if (simdjson::dom::element drift; (*root)["drift"].get(drift) == simdjson::SUCCESS) {
    Members bounds(drift, "drift/");
    bounds.only({"psi", "distance"});
    contract.max_psi = bounds.get<double>("psi", "must be a number").value_or(contract.max_psi);
    contract.max_distance = bounds.get<double>("distance", "must be a number").value_or(contract.max_distance);
    if (bounds.error()) return *bounds.error();
  }
  if (simdjson::dom::element reference; (*root)["reference"].get(reference) == simdjson::SUCCESS) {
    if (auto done = read_reference(reference, contract); !done) return done.error();
  }
  if (members.error()) return *members.error();
  return contract;
}

void write_number(encoding::JsonWriter& json, double value) {
  char text[32];
  // What is written without an exponent, and is beyond 64 bits, is no number to our reader of JSON.
  constexpr double kPlain = 9007199254740992.0;
  const auto end = std::abs(value) < kPlain
                       ? std::to_chars(text, text + sizeof text, value)
                       : std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  json.raw(std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
}

std::string contract_to_json(const Contract& contract) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("columns");
  json.begin_array();
  for (const Column& column : contract.columns) write_column(json, column);
  json.end_array();
  json.member("others", contract.others);
  json.key("drift");
  json.begin_object();
  json.key("psi");
  write_number(json, contract.max_psi);
  json.key("distance");
  write_number(json, contract.max_distance);
  json.end_object();
  if (!contract.usual_scores.empty()) {
    json.key("reference");
    json.begin_object();
    json.member("rows", contract.reference_rows);
    write(json, "precision", contract.precision);
    write(json, "scores", contract.usual_scores);
    json.end_object();
  }
  json.end_object();
  return out;
}

}  // namespace redoubt::contract::internal
