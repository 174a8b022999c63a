// Bodies of requests, as the commands put them together.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::app {

inline void write_names(encoding::JsonWriter& json, std::string_view member, const std::vector<std::string>& names) {
  json.key(member);
  json.begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array();
}

// The names in a member of what was answered.
inline std::vector<std::string> names_in(const simdjson::dom::object& object, std::string_view member) {
  std::vector<std::string> out;
  simdjson::dom::array items;
  if (object[member].get(items) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element item : items) {
    std::string_view name;
    if (item.get(name) == simdjson::SUCCESS) out.emplace_back(name);
  }
  return out;
}

// What is asked of a set of names: all of it anew, or some more or fewer.
struct NamesChange {
  std::vector<std::string> all;  // these alone, when `replace`
  bool replace = false;
  std::vector<std::string> add;
  std::vector<std::string> remove;

  bool any() const { return replace || !add.empty() || !remove.empty(); }
  std::vector<std::string> applied_to(std::vector<std::string> names) const {
    if (replace) names = all;
    for (const std::string& name : add) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    std::erase_if(
        names, [&](const std::string& name) { return std::find(remove.begin(), remove.end(), name) != remove.end(); });
    return names;
  }
};

}  // namespace redoubt::app
