#include "state/internal/snapshot_rows.h"

#include <deque>
#include <type_traits>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "state/snapshot.h"

namespace redoubt::state {

namespace {

Error malformed() {
  return {Errc::kMalformed, "a part of the snapshot is not made of rows"};
}

void write_cell(encoding::JsonWriter& json, const Column& column) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          json.null();
        } else if constexpr (std::is_same_v<T, ByteView>) {
          json.begin_object();
          json.key("hex");
          json.value_hex(value);
          json.end_object();
        } else {
          json.value(value);
        }
      },
      column.held());
}

// `bytes` keeps what the cell refers to when it is not in the document.
Result<Column> read_cell(simdjson::dom::element element, std::deque<Bytes>& bytes) {
  switch (element.type()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return Column(std::nullopt);
    case simdjson::dom::element_type::INT64:
      return Column(std::int64_t(element));
    case simdjson::dom::element_type::STRING:
      return Column(std::string_view(element));
    case simdjson::dom::element_type::OBJECT: {
      std::string_view text;
      if (element["hex"].get(text) != simdjson::SUCCESS) return malformed();
      auto decoded = encoding::hex_decode(text);
      if (!decoded) return malformed();
      return Column(ByteView(bytes.emplace_back(*std::move(decoded))));
    }
    default:
      return malformed();
  }
}

}  // namespace

void SnapshotRows::add(std::string_view table, const Database::Cells& cells) {
  if (!rows_.empty()) rows_ += ',';
  encoding::JsonWriter json(rows_);
  json.begin_array();
  json.value(table);
  for (const Column& cell : cells) write_cell(json, cell);
  json.end_array();
}

bool SnapshotRows::full() const {
  return rows_.size() >= kSnapshotPartBytes;
}

std::string SnapshotRows::take() {
  std::string part = "{\"rows\":[" + rows_ + "]}";
  rows_.clear();
  return part;
}

Result<> read_snapshot_rows(encoding::JsonReader& reader, std::string_view part,
                            const std::function<Result<>(std::string_view, const Database::Cells&)>& take) {
  auto root = reader.parse(part);
  if (!root) return root.error();
  simdjson::dom::array rows;
  if ((*root)["rows"].get(rows) != simdjson::SUCCESS) return malformed();
  Database::Cells cells;
  std::deque<Bytes> bytes;
  for (const simdjson::dom::element row : rows) {
    simdjson::dom::array elements;
    if (row.get(elements) != simdjson::SUCCESS) return malformed();
    cells.clear();
    bytes.clear();
    std::string_view table;
    for (const simdjson::dom::element element : elements) {
      if (table.data() == nullptr) {
        if (element.get(table) != simdjson::SUCCESS || table.empty()) return malformed();
        continue;
      }
      auto cell = read_cell(element, bytes);
      if (!cell) return cell.error();
      cells.push_back(*cell);
    }
    if (table.empty()) return malformed();
    if (auto taken = take(table, cells); !taken) return taken;
  }
  return {};
}

}  // namespace redoubt::state
