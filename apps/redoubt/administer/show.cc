#include "redoubt/administer/show.h"

#include <algorithm>

#include "record/terminal_text.h"

namespace redoubt::app {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kNameWidth = 13;
constexpr std::string_view kGap = "  ";

// In characters, one column each.
std::size_t width(std::string_view text) {
  std::size_t count = 0;
  char32_t character = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(record::utf8_character(text, character), 1));
    ++count;
  }
  return count;
}

void append_padded(std::string& line, std::string_view text, std::size_t to) {
  line.append(text).append(to - std::min(to, width(text)), ' ');
}

std::string list(const simdjson::dom::array& items) {
  std::string out;
  for (const element item : items) out.append(out.empty() ? "" : ", ").append(shown(item));
  return out.empty() ? "-" : out;
}

std::string plain(std::string_view text) {
  std::string out;
  record::append_terminal_text(out, text);
  return out.empty() ? "-" : out;
}

}  // namespace

std::string shown(const element& value) {
  switch (value.type()) {
    case element_type::STRING:
      return plain(value.get_string().value_unsafe());
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "yes" : "no";
    case element_type::NULL_VALUE:
      return "-";
    case element_type::ARRAY:
      return list(value.get_array().value_unsafe());
    default:
      return plain(simdjson::minify(value));
  }
}

std::string shown_member(std::string_view name, std::string_view value) {
  std::string out;
  append_padded(out, plain(name), kNameWidth);
  return out + plain(value) + "\n";
}

std::string shown_member(std::string_view name, const element& value) {
  return shown_member(name, shown(value));
}

void Table::add(simdjson::dom::object item) {
  std::vector<std::string>& row = rows_.emplace_back();
  for (const std::string_view column : columns_) {
    element value;
    row.push_back(item[column].get(value) == simdjson::SUCCESS ? shown(value) : "-");
  }
}

std::string Table::text() const {
  if (rows_.empty()) return "none\n";
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns_[i].size();
    for (const auto& row : rows_) widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
  }
  std::string out;
  const auto add_line = [&](const auto& cells) {
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
      append_padded(out, cells[i], widths[i]);
      out += kGap;
    }
    out.append(cells.back()).append("\n");
  };
  add_line(columns_);
  for (const auto& row : rows_) add_line(row);
  return out;
}

}  // namespace redoubt::app
