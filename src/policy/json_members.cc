#include "policy/internal/json_members.h"

#include <algorithm>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {

using simdjson::dom::element;

JsonMembers::JsonMembers(element json, std::initializer_list<std::string_view> known, const JsonPlace& place,
                         ProblemList& problems)
    : place_(place), problems_(problems) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS) {
    problems_.add(place, "expected an object");
    return;
  }
  object_ = object;
  for (const auto& [name, value] : object) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    problems_.add(place, "member " + shown(name) + " is not known here");
  }
}

std::optional<element> JsonMembers::find(std::string_view name) const {
  element value;
  if (!object_ || object_->at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

std::optional<element> JsonMembers::get(std::string_view name) const {
  const auto value = find(name);
  if (!value && object_) problems_.add(place_, "member " + shown(name) + " is missing");
  return value;
}

std::optional<std::string_view> JsonMembers::text(std::string_view name) const {
  const auto value = get(name);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS) return text;
  problems_.add(JsonPlace(place_, name), "expected a string");
  return std::nullopt;
}

std::optional<simdjson::dom::array> JsonMembers::array(std::string_view name) const {
  const auto value = get(name);
  if (!value) return std::nullopt;
  simdjson::dom::array array;
  if (value->get(array) == simdjson::SUCCESS) return array;
  problems_.add(JsonPlace(place_, name), "expected an array");
  return std::nullopt;
}

}  // namespace redoubt::policy::internal
