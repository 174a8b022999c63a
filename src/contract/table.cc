#include "contract/internal/table.h"

#include <algorithm>

#include "contract/internal/decimal.h"
#include "contract/internal/value.h"

namespace redoubt::contract::internal {
namespace {

constexpr std::size_t kMaxCells = 1'000'000;

Error malformed(std::string_view what) {
  return Error(Errc::kMalformed, "the request " + std::string(what));
}
Error too_large() {
  return Error(Errc::kTooLarge, "the request has more than a million values");
}

Result<> add_row(const ColumnNames& names, simdjson::dom::element row, Table& table) {
  simdjson::dom::object object;
  if (row.get(object) != simdjson::SUCCESS) return malformed("has a row that is no object");
  if (table.cells.size() + names.size() > kMaxCells) return too_large();
  table.cells.resize(table.cells.size() + names.size());
  bool others = false;
  for (const auto& member : object) {
    const auto at = names.find(member.key);
    if (at == names.end()) {
      others = true;
    } else {
      table.cells[table.rows * table.columns + at->second] = Cell::of(member.value);
    }
  }
  if (others) table.rows_with_others.push_back(table.rows);
  ++table.rows;
  return {};
}

// The values of a tensor, whether they are nested or not, in order.
Result<> flatten(simdjson::dom::array from, std::vector<Cell>& to, int depth) {
  for (const simdjson::dom::element item : from) {
    if (to.size() == kMaxCells) return too_large();
    if (!item.is_array()) {
      to.push_back(Cell::of(item));
    } else if (depth == 0) {
      return malformed("has a tensor that is nested too deep");
    } else if (auto done = flatten(as_array(item), to, depth - 1); !done) {
      return done;
    }
  }
  return {};
}

struct Input {
  std::string_view name;
  std::size_t rows = 0;
  std::size_t width = 1;
  std::vector<Cell> values;
};

Result<Input> read_input(simdjson::dom::element json) {
  Input input;
  simdjson::dom::array shape;
  simdjson::dom::array data;
  if (json["name"].get(input.name) != simdjson::SUCCESS || json["shape"].get(shape) != simdjson::SUCCESS ||
      json["data"].get(data) != simdjson::SUCCESS) {
    return malformed("has an input without `name`, `shape` or `data`");
  }
  std::size_t dimension = 0;
  for (const simdjson::dom::element size : shape) {
    std::uint64_t count = 0;
    if (size.get(count) != simdjson::SUCCESS || count > kMaxCells || dimension == 2) {
      return malformed("has an input whose shape is not that of rows");
    }
    (dimension++ == 0 ? input.rows : input.width) = count;
  }
  if (auto done = flatten(data, input.values, 1); !done) return done.error();
  if (dimension == 0 || input.values.size() != input.rows * input.width) {
    return malformed("has an input whose data does not have its shape");
  }
  return input;
}

Result<Table> read_inputs(const ColumnNames& names, simdjson::dom::array inputs) {
  Table table{.columns = names.size()};
  bool first = true;
  bool others = false;
  std::vector<bool> seen(names.size());
  for (const simdjson::dom::element json : inputs) {
    auto input = read_input(json);
    if (!input) return input.error();
    if (first) {
      table.rows = input->rows;
      if (table.rows * table.columns > kMaxCells) return too_large();
      const bool whole = inputs.size() == 1 && input->width == names.size() && names.find(input->name) == names.end();
      if (whole) {
        table.cells = std::move(input->values);
        return table;
      }
      table.cells.resize(table.rows * table.columns);
      first = false;
    }
    if (input->rows != table.rows) return malformed("has inputs with different numbers of rows");
    const auto at = names.find(input->name);
    if (at == names.end()) {
      others = true;
      continue;
    }
    if (input->width != 1 || seen[at->second]) return malformed("has two values of a column in one row");
    seen[at->second] = true;
    for (std::size_t row = 0; row < table.rows; ++row) {
      table.cells[row * table.columns + at->second] = input->values[row];
    }
  }
  for (std::size_t row = 0; others && row < table.rows; ++row) table.rows_with_others.push_back(row);
  return table;
}

}  // namespace

Cell Cell::of(simdjson::dom::element json) {
  Cell cell;
  switch (json.type()) {
    case JsonType::NULL_VALUE:
      break;
    case JsonType::BOOL:
      cell.kind = Kind::kBoolean;
      cell.boolean = as_bool(json);
      break;
    case JsonType::STRING:
      cell.kind = Kind::kText;
      cell.text = as_text(json);
      break;
    case JsonType::ARRAY:
    case JsonType::OBJECT:
      cell.kind = Kind::kOther;
      break;
    default:
      cell.kind = Kind::kNumber;
      cell.number = json.get_double().value_unsafe();
      break;
  }
  return cell;
}

Result<Table> read_table(const ColumnNames& names, simdjson::dom::element request) {
  simdjson::dom::array list;
  simdjson::dom::element inputs;
  Table table{.columns = names.size()};
  if (request.get(list) == simdjson::SUCCESS) {
    for (const simdjson::dom::element row : list) {
      if (auto added = add_row(names, row, table); !added) return added.error();
    }
  } else if (names.find("inputs") == names.end() && request["inputs"].get(inputs) == simdjson::SUCCESS) {
    if (inputs.get(list) != simdjson::SUCCESS) return malformed("has `inputs` that are no list");
    return read_inputs(names, list);
  } else if (auto added = add_row(names, request, table); !added) {
    return added.error();
  }
  return table;
}

std::size_t Column::bin_of(const Cell& cell) const {
  if (is_numeric()) {
    if (cell.kind != Cell::Kind::kNumber) return shares.size();
    return static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), cell.number) - edges.begin());
  }
  if (cell.kind != Cell::Kind::kText && cell.kind != Cell::Kind::kBoolean) return shares.size();
  const auto at = std::lower_bound(categories.begin(), categories.end(), cell.category());
  if (at == categories.end() || *at != cell.category()) return shares.size();
  return static_cast<std::size_t>(at - categories.begin());
}

void Contract::index() {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names.emplace(columns[i].name, i);
    if (columns[i].is_numeric() && columns[i].scale > 0) scored.push_back(i);
  }
}

}  // namespace redoubt::contract::internal
