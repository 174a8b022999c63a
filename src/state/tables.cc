#include "state/tables.h"

namespace redoubt::state {

std::optional<std::int64_t> Tables::integer(Sql sql, std::initializer_list<Column> values) {
  std::optional<std::int64_t> found;
  (void)each(sql, values, [&](const Row& row) {
    if (!row.is_null(0)) found = row.integer(0);
    return false;
  });
  return found;
}

std::optional<std::string> Tables::text(Sql sql, std::initializer_list<Column> values) {
  std::optional<std::string> found;
  (void)each(sql, values, [&](const Row& row) {
    if (!row.is_null(0)) found = row.text(0);
    return false;
  });
  return found;
}

std::optional<Tables::RowsInMemory> Tables::rows_in_memory(Name /*table*/) {
  return std::nullopt;
}

const Row* Tables::find(Name table, std::initializer_list<Column> key) {
  auto found = find_row(table, key);
  return found ? *found : nullptr;
}

}  // namespace redoubt::state
