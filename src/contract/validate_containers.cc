// Arrays and objects: their items and members, and which of them nothing has evaluated.
#include <algorithm>

#include "contract/internal/validation.h"

namespace redoubt::contract::internal {

bool Validation::check_array(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  const ArrayRules& rules = *schema.array;
  bool valid = true;
  std::size_t count = 0;
  for (const simdjson::dom::element item : value.array()) {
    if (!work_.spend(1) || !(valid || goes_on())) return false;
    const Schema* const wanted = count < rules.prefix.size() ? rules.prefix[count] : rules.rest;
    if (wanted != nullptr) {
      valid = check(*wanted, Value(item), Place(place, count)) && valid;
      if (evaluated != nullptr) (*evaluated)[count] = true;
    }
    ++count;
  }
  if (count < rules.min_items) valid = fail(schema, "minItems", place, "has too few items");
  if (count > rules.max_items) valid = fail(schema, "maxItems", place, "has too many items");
  if (rules.contains != nullptr && (valid || goes_on())) {
    valid = check_contains(schema, value, place, evaluated) && valid;
  }
  if (rules.unique && (valid || goes_on())) valid = check_unique(schema, value, place) && valid;
  return valid;
}

bool Validation::check_contains(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  const ArrayRules& rules = *schema.array;
  std::uint64_t fitting = 0;
  std::size_t position = 0;
  for (const simdjson::dom::element item : value.array()) {
    if (holds(*rules.contains, Value(item), Place(place, position), nullptr)) {
      ++fitting;
      if (evaluated != nullptr && rules.contains_evaluates) (*evaluated)[position] = true;
    }
    ++position;
  }
  if (fitting < rules.min_contains) return fail(schema, "contains", place, "has too few items that fit");
  if (fitting > rules.max_contains) return fail(schema, "maxContains", place, "has too many items that fit");
  return true;
}

bool Validation::check_unique(const Schema& schema, const Value& value, const Place& place) {
  std::vector<std::pair<std::uint64_t, simdjson::dom::element>> items;
  for (const simdjson::dom::element item : value.array()) {
    items.emplace_back(hash(Value(item), work_), item);
    if (work_.exhausted()) return false;
  }
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto item = items.begin(); item != items.end(); ++item) {
    for (auto other = item + 1; other != items.end() && other->first == item->first; ++other) {
      if (equal(Value(item->second), Value(other->second), work_)) {
        return fail(schema, "uniqueItems", place, "has equal items");
      }
    }
    if (work_.exhausted()) return false;
  }
  return true;
}

bool Validation::check_object(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  const ObjectRules& rules = *schema.object;
  bool valid = true;
  std::size_t count = 0;
  for (const auto& member : value.object()) {
    if (!work_.spend(1) || !(valid || goes_on())) return false;
    bool known = false;
    valid = check_member(schema, Value(member.value), member.key, place, &known) && valid;
    if (known && evaluated != nullptr) (*evaluated)[count] = true;
    ++count;
  }
  if (count < rules.min_properties) valid = fail(schema, "minProperties", place, "has too few members");
  if (count > rules.max_properties) valid = fail(schema, "maxProperties", place, "has too many members");
  for (const std::string& name : rules.required) {
    if (!has(value.object(), name)) valid = fail(schema, "required", place, "lacks a member that is required");
  }
  return check_dependents(schema, value, place, evaluated) && valid;
}

// `known`: whether a keyword of this schema speaks of the member's value.
bool Validation::check_member(const Schema& schema, const Value& value, std::string_view name, const Place& parent,
                              bool* known) {
  const ObjectRules& rules = *schema.object;
  const Place place(parent, name);
  bool valid = rules.names == nullptr || check(*rules.names, Value(name), place);
  const auto wanted = [&](const Schema& one) {
    *known = true;
    valid = check(one, value, place) && valid;
  };
  const auto at = std::lower_bound(rules.properties.begin(), rules.properties.end(), name,
                                   [](const auto& property, std::string_view key) { return property.first < key; });
  if (at != rules.properties.end() && at->first == name) wanted(*at->second);
  for (const auto& [pattern, one] : rules.patterns) {
    if (!work_.spend(1 + name.size() / 16)) return false;
    if (pattern.matches(name)) wanted(*one);
  }
  if (*known || rules.additional == nullptr) return valid;
  *known = true;
  if (rules.additional->always == false) {  // the reader wants to know which keyword forbids it
    return fail(schema, "additionalProperties", place, "is not one of the members that there may be");
  }
  return check(*rules.additional, value, place) && valid;
}

bool Validation::check_dependents(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated) {
  bool valid = true;
  for (const Dependent& dependent : schema.object->dependents) {
    if (!has(value.object(), dependent.name)) continue;
    for (const std::string& name : dependent.required) {
      if (!has(value.object(), name)) {
        valid = fail(schema, dependent.keyword, place, "lacks a member that another one requires");
      }
    }
    if (dependent.schema != nullptr && (valid || goes_on())) {
      valid = check(*dependent.schema, value, place, evaluated) && valid;
    }
  }
  return valid;
}

bool Validation::check_unevaluated(const Schema& schema, const Value& value, const Place& place, Evaluated& evaluated) {
  bool valid = true;
  std::size_t position = 0;
  if (value.type() == JsonType::ARRAY) {
    for (const simdjson::dom::element item : value.array()) {
      const std::size_t at = position++;
      if (evaluated[at] || !(valid || goes_on())) continue;
      valid = check(*schema.unevaluated_items, Value(item), Place(place, at)) && valid;
    }
  } else {
    for (const auto& member : value.object()) {
      const std::size_t at = position++;
      if (evaluated[at] || !(valid || goes_on())) continue;
      valid = check(*schema.unevaluated_properties, Value(member.value), Place(place, member.key)) && valid;
    }
  }
  std::fill(evaluated.begin(), evaluated.end(), true);
  return valid;
}

bool Validation::has(const simdjson::dom::object& object, std::string_view name) {
  simdjson::dom::element ignored;
  return work_.spend(1 + object.size() / 16) && object.at_key(name).get(ignored) == simdjson::SUCCESS;
}

}  // namespace redoubt::contract::internal
