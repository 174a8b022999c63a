// Contracts for tensors as JSON (tensor_contract.h). `reference` is a contract for rows of properties.
#include <algorithm>
#include <set>

#include "contract/internal/contract_json.h"
#include "contract/internal/members.h"
#include "contract/internal/tensor.h"

namespace redoubt::contract::internal {
namespace {

constexpr encoding::JsonLimits kLimits{.max_bytes = 4 * 1024 * 1024, .max_depth = 16};

std::optional<Dimension> read_dimension(simdjson::dom::element json) {
  std::uint64_t size = 0;
  std::int64_t any = 0;
  if (json.get(size) == simdjson::SUCCESS) return Dimension{size, size};
  if (json.get(any) == simdjson::SUCCESS) return any == -1 ? std::optional(Dimension{}) : std::nullopt;
  simdjson::dom::array bounds;
  Dimension out;
  if (json.get(bounds) != simdjson::SUCCESS || bounds.size() != 2 || bounds.at(0).get(out.least) != simdjson::SUCCESS ||
      bounds.at(1).get(out.most) != simdjson::SUCCESS || out.least > out.most) {
    return std::nullopt;
  }
  return out;
}

std::optional<Range> read_range(simdjson::dom::element json) {
  simdjson::dom::array bounds;
  if (json.get(bounds) != simdjson::SUCCESS || bounds.size() != 2) return std::nullopt;
  Range out;
  for (const bool most : {false, true}) {
    const auto bound = bounds.at(most ? 1 : 0);
    double value = 0;
    if (bound.is_null()) continue;
    if (bound.get(value) != simdjson::SUCCESS) return std::nullopt;
    (most ? out.most : out.least) = value;
  }
  if (out.least && out.most && *out.least > *out.most) return std::nullopt;
  return out;
}

Result<TensorRule> read_tensor(simdjson::dom::element json, std::size_t number) {
  Members members(json, "tensors/" + std::to_string(number) + "/");
  members.only({"name", "datatype", "shape", "samples", "channels", "ranges", "nan"});
  TensorRule rule;
  rule.name = members.get<std::string_view>("name", "must be a string").value_or("");
  if (rule.name.empty()) members.refuse("name", "must be there");
  const auto type = data_type_named(members.get<std::string_view>("datatype", "must be a string").value_or(""));
  if (!type) members.refuse("datatype", "must be BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32 or FP64");
  rule.type = type.value_or(DataType::kFp32);
  const auto shape = members.get<simdjson::dom::array>("shape", "must be a list");
  if (!shape) members.refuse("shape", "must be there");
  if (members.error()) return *members.error();
  if (shape->size() > TensorContract::kMaxDimensions) members.refuse("shape", "must not have more than 8 dimensions");
  for (const simdjson::dom::element size : *shape) {
    const auto dimension = read_dimension(size);
    if (!dimension) members.refuse("shape", "must hold sizes, -1, or lists of the least and the most");
    rule.shape.push_back(dimension.value_or(Dimension{}));
  }
  rule.samples = members.get<bool>("samples", "must be `true` or `false`").value_or(false);
  if (rule.samples && rule.shape.empty()) members.refuse("samples", "needs a dimension");
  if (const auto channels = members.get<std::uint64_t>("channels", "must be a dimension, from 0")) {
    if (*channels >= rule.shape.size() || (rule.samples && *channels == 0)) {
      members.refuse("channels", "must be a dimension, and not that of samples");
    } else if (const Dimension& size = rule.shape[*channels];
               size.least != size.most || size.least == 0 || size.least > TensorContract::kMaxChannels) {
      members.refuse("channels", "must be a dimension of one size, from 1 to 64");
    } else {
      rule.channels = static_cast<int>(*channels);
    }
  }
  if (members.error()) return *members.error();
  if (const auto ranges = members.get<simdjson::dom::array>("ranges", "must be a list")) {
    for (const simdjson::dom::element each : *ranges) {
      const auto range = read_range(each);
      if (!range) members.refuse("ranges", "must hold lists of the least and the most, or `null` for none");
      rule.ranges.push_back(range.value_or(Range{}));
    }
    if (rule.ranges.size() != 1 && rule.ranges.size() != rule.channel_count()) {
      members.refuse("ranges", "must be one, or one for each channel");
    }
  }
  rule.nan = members.get<double>("nan", "must be a number").value_or(0);
  if (!(rule.nan >= 0 && rule.nan <= 1)) members.refuse("nan", "must be from 0 to 1");
  if (rule.nan > 0 && range_of(rule.type)) members.refuse("nan", "is for floating point");
  if (members.error()) return *members.error();
  return rule;
}

void write_tensor(encoding::JsonWriter& json, const TensorRule& rule) {
  json.begin_object();
  json.member("name", rule.name);
  json.member("datatype", kDataTypeNames[static_cast<std::size_t>(rule.type)]);
  json.key("shape");
  json.begin_array();
  for (const Dimension& size : rule.shape) {
    if (size.least == size.most) {
      json.value(size.least);
    } else if (size.least == 0 && size.most == UINT64_MAX) {
      json.raw("-1");
    } else {
      json.begin_array();
      json.value(size.least);
      json.value(size.most);
      json.end_array();
    }
  }
  json.end_array();
  json.member("samples", rule.samples);
  if (rule.channels >= 0) json.member("channels", static_cast<std::uint64_t>(rule.channels));
  if (!rule.ranges.empty()) {
    json.key("ranges");
    json.begin_array();
    for (const Range& range : rule.ranges) {
      json.begin_array();
      for (const auto& bound : {range.least, range.most}) {
        if (bound) {
          write_number(json, *bound);
        } else {
          json.null();
        }
      }
      json.end_array();
    }
    json.end_array();
  }
  if (rule.nan > 0) {
    json.key("nan");
    write_number(json, rule.nan);
  }
  json.end_object();
}

}  // namespace

Result<TensorRules> tensor_rules_from_json(std::string_view text) {
  encoding::JsonReader reader(kLimits);
  const auto root = reader.parse(text);
  if (!root) return root.error();
  Members members(*root, "");
  members.only({"tensors", "others", "reference"});
  TensorRules rules;
  rules.others = members.get<bool>("others", "must be `true` or `false`").value_or(false);
  const auto tensors = members.get<simdjson::dom::array>("tensors", "must be a list");
  if (!tensors || tensors->size() == 0) members.refuse("tensors", "must be there");
  if (members.error()) return *members.error();
  if (tensors->size() > TensorContract::kMaxTensors) {
    return Error(Errc::kTooLarge, "the contract has more than 64 tensors");
  }
  std::set<std::string> names;
  for (const simdjson::dom::element json : *tensors) {
    auto rule = read_tensor(json, rules.tensors.size());
    if (!rule) return rule.error();
    if (!names.insert(rule->name).second) members.refuse("tensors", "must have different names");
    rules.tensors.push_back(*std::move(rule));
  }
  if (members.error()) return *members.error();
  if (simdjson::dom::element reference; (*root)["reference"].get(reference) == simdjson::SUCCESS) {
    auto contract = contract_from_json(simdjson::minify(reference));
    if (!contract) return contract.error().in("reference");
    std::vector<std::string> columns;
    for (const Column& column : contract->columns) {
      columns.push_back(column.name);
      if (!column.is_numeric()) members.refuse("reference", "must be of numbers");
    }
    if (columns != property_names(rules.tensors)) members.refuse("reference", "must be of the tensors' properties");
    rules.reference = std::make_shared<const Contract>(*std::move(contract));
  }
  if (members.error()) return *members.error();
  return rules;
}

std::string tensor_rules_to_json(const TensorRules& rules) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("tensors");
  json.begin_array();
  for (const TensorRule& rule : rules.tensors) write_tensor(json, rule);
  json.end_array();
  json.member("others", rules.others);
  if (rules.reference != nullptr) {
    json.key("reference");
    json.raw(contract_to_json(*rules.reference));
  }
  json.end_object();
  return out;
}

}  // namespace redoubt::contract::internal
