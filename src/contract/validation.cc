#include "contract/internal/validation.h"

#include <algorithm>

namespace redoubt::contract::internal {
namespace {

constexpr int kMaxDepth = 512;
constexpr std::size_t kMaxPointerBytes = 1024;
constexpr std::size_t kBytesPerPatternStep = 16;
constexpr std::size_t kBytesPerLengthStep = 64;

std::uint8_t types_of(const Value& value) {
  switch (value.type()) {
    case JsonType::NULL_VALUE:
      return kNull;
    case JsonType::BOOL:
      return kBoolean;
    case JsonType::STRING:
      return kString;
    case JsonType::ARRAY:
      return kArray;
    case JsonType::OBJECT:
      return kObject;
    case JsonType::DOUBLE:
      return value.number().is_integer() ? kNumber | kInteger : kNumber;
    default:
      return kNumber | kInteger;
  }
}

std::uint64_t code_points(std::string_view utf8) {
  return static_cast<std::uint64_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void merge(Evaluated& into, const Evaluated& from) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i]) into[i] = true;
  }
}

std::size_t size_of(const Value& value) {
  std::size_t count = 0;
  if (value.type() == JsonType::ARRAY) {
    for ([[maybe_unused]] const auto item : value.array()) ++count;
  } else if (value.type() == JsonType::OBJECT) {
    for ([[maybe_unused]] const auto& member : value.object()) ++count;
  }
  return count;
}

}  // namespace

std::string Place::pointer() const {
  std::vector<const Place*> steps;
  for (const Place* at = this; at->parent_ != nullptr; at = at->parent_) steps.push_back(at);
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::size_t before = out.size();
    if ((*step)->in_array_) {
      append_step(out, std::to_string((*step)->index_));
    } else {
      append_step(out, (*step)->name_);
    }
    if (out.size() <= kMaxPointerBytes) continue;
    out.resize(before);
    break;
  }
  return out;
}

bool Validation::fail(const Schema& schema, std::string_view keyword, const Place& place, std::string_view reason) {
  if (goes_on()) problems_.push_back({place.pointer(), pointer_to(*schema.location, keyword), reason});
  return false;
}

bool Validation::check(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  if (!work_.spend(1)) return false;
  if (schema.always) return *schema.always || fail(schema, {}, place, "is not allowed here");
  if (depth_ == kMaxDepth) {
    too_deep_ = true;
    return false;
  }
  ++depth_;
  // What cousins evaluated is none of this schema's business: one that asks counts anew.
  Evaluated own;
  Evaluated* marks = evaluated;
  const bool asks = (schema.unevaluated_items != nullptr && value.type() == JsonType::ARRAY) ||
                    (schema.unevaluated_properties != nullptr && value.type() == JsonType::OBJECT);
  if (asks) {
    own.resize(size_of(value));
    work_.spend(own.size() / 64);
    marks = &own;
  }
  bool valid = check_type(schema, value, place);
  const auto also = [&](bool part) { valid = part && valid; };
  if (valid || goes_on()) also(check_values(schema, value, place));
  if (schema.number && value.is_number()) also(check_number(schema, value, place));
  if (schema.string && value.type() == JsonType::STRING) also(check_string(schema, value, place));
  if (schema.array && value.type() == JsonType::ARRAY && (valid || goes_on())) {
    also(check_array(schema, value, place, marks));
  }
  if (schema.object && value.type() == JsonType::OBJECT && (valid || goes_on())) {
    also(check_object(schema, value, place, marks));
  }
  if (valid || goes_on()) also(check_parts(schema, value, place, marks));
  if (valid || goes_on()) also(check_alternatives(schema, value, place, marks));
  if (asks && valid) also(check_unevaluated(schema, value, place, own));
  if (asks && evaluated != nullptr && valid) merge(*evaluated, own);
  --depth_;
  return valid && !exceeded();
}

bool Validation::holds(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  ++quiet_;
  Evaluated marks(evaluated != nullptr ? evaluated->size() : 0);
  const bool valid = check(schema, value, place, evaluated != nullptr ? &marks : nullptr);
  if (valid && evaluated != nullptr) merge(*evaluated, marks);
  --quiet_;
  return valid;
}

bool Validation::check_type(const Schema& schema, const Value& value, const Place& place) {
  return schema.types == kAnyType || (schema.types & types_of(value)) != 0 ||
         fail(schema, "type", place, "has another type");
}

bool Validation::check_values(const Schema& schema, const Value& value, const Place& place) {
  bool valid = true;
  if (schema.constant && !equal(Value(*schema.constant), value, work_)) {
    valid = fail(schema, "const", place, "is not the value that it must be");
  }
  const auto is_value = [&](simdjson::dom::element one) { return equal(Value(one), value, work_); };
  if (schema.has_enumeration && std::none_of(schema.enumeration.begin(), schema.enumeration.end(), is_value)) {
    valid = fail(schema, "enum", place, "is none of the values that it may be");
  }
  return valid;
}

bool Validation::check_number(const Schema& schema, const Value& value, const Place& place) {
  const NumberRules& rules = *schema.number;
  const Decimal number = value.number();
  bool valid = true;
  if (rules.minimum && number < *rules.minimum) valid = fail(schema, "minimum", place, "is below the minimum");
  if (rules.maximum && number > *rules.maximum) valid = fail(schema, "maximum", place, "is above the maximum");
  if (rules.exclusive_minimum && number <= *rules.exclusive_minimum) {
    valid = fail(schema, "exclusiveMinimum", place, "is not above the bound");
  }
  if (rules.exclusive_maximum && number >= *rules.exclusive_maximum) {
    valid = fail(schema, "exclusiveMaximum", place, "is not below the bound");
  }
  if (rules.multiple_of && !number.is_multiple_of(*rules.multiple_of)) {
    valid = fail(schema, "multipleOf", place, "is not a multiple");
  }
  return valid;
}

bool Validation::check_string(const Schema& schema, const Value& value, const Place& place) {
  const StringRules& rules = *schema.string;
  const std::string_view text = value.text();
  if (!work_.spend(text.size() / kBytesPerLengthStep)) return false;
  bool valid = true;
  if (rules.min_length > 0 || rules.max_length != kNoBound) {
    const std::uint64_t length = code_points(text);
    if (length < rules.min_length) valid = fail(schema, "minLength", place, "is shorter than the minimum");
    if (length > rules.max_length) valid = fail(schema, "maxLength", place, "is longer than the maximum");
  }
  if (rules.pattern) {
    if (!work_.spend(text.size() / kBytesPerPatternStep)) return false;
    if (!rules.pattern->matches(text)) valid = fail(schema, "pattern", place, "does not match the pattern");
  }
  if (rules.format != nullptr && !rules.format(text)) valid = fail(schema, "format", place, "has not the format");
  return valid;
}

bool Validation::check_parts(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  bool valid = true;
  const auto part = [&](const Schema& one) {
    if (valid || goes_on()) valid = check(one, value, place, evaluated) && valid;
  };
  if (schema.reference != nullptr) part(*schema.reference);
  for (const Schema* const one : schema.all_of) part(*one);
  if (schema.condition != nullptr) {
    const bool holds_there = holds(*schema.condition, value, place, evaluated);
    const Schema* const follows = holds_there ? schema.consequence : schema.alternative;
    if (follows != nullptr) part(*follows);
  }
  return valid;
}

bool Validation::check_alternatives(const Schema& schema, const Value& value, const Place& place,
                                    Evaluated* evaluated) {
  bool valid = true;
  if (!schema.any_of.empty()) {
    bool any = false;
    for (const Schema* const one : schema.any_of) {
      if (!any || evaluated != nullptr) any = holds(*one, value, place, evaluated) || any;
    }
    if (!any) valid = fail(schema, "anyOf", place, "fits none of the alternatives");
  }
  if (!schema.one_of.empty()) {
    int fitting = 0;
    for (const Schema* const one : schema.one_of) {
      if (fitting < 2 && holds(*one, value, place, evaluated)) ++fitting;
    }
    if (fitting == 0) valid = fail(schema, "oneOf", place, "fits none of the alternatives");
    if (fitting > 1) valid = fail(schema, "oneOf", place, "fits more than one of the alternatives");
  }
  if (schema.negated != nullptr && holds(*schema.negated, value, place, nullptr)) {
    valid = fail(schema, "not", place, "is what it must not be");
  }
  return valid;
}

}  // namespace redoubt::contract::internal
