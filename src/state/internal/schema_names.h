// Names of the schema: of tables, columns and indices. They alone are ever put into SQL.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace redoubt::state {

// Tables are named for their module: `identity_keys`.
inline std::string_view module_of_table(std::string_view table) {
  return table.substr(0, table.find('_'));
}

inline std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

inline std::string sql_names(std::span<const std::string> names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + sql_name(name);
  return out;
}

}  // namespace redoubt::state
