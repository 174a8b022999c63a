// What a tool gave, whatever it is: rows of JSON are those that a whole parser finds, and what that does not take has
// none.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "encoding/json_reader.h"
#include "gateway/openai.h"
#include "gateway/row_count.h"

namespace {

using namespace redoubt;

std::uint64_t containers_in(const simdjson::dom::array& array) {
  std::uint64_t count = 0;
  for (const simdjson::dom::element each : array) count += each.is_array() || each.is_object() ? 1 : 0;
  return count;
}

std::optional<std::uint64_t> rows_of(const simdjson::dom::element& root) {
  simdjson::dom::array array;
  simdjson::dom::object object;
  if (root.get(array) == simdjson::SUCCESS) return array.size();
  if (root.get(object) != simdjson::SUCCESS) return std::nullopt;
  std::uint64_t most = 0;
  for (const auto member : object) {
    if (member.value.get(array) == simdjson::SUCCESS) most = std::max(most, containers_in(array));
  }
  return most > 0 ? std::optional(most) : std::nullopt;
}

// Of a text without digits and escapes, in which only the two parsers' opinions on structure count.
void refuses_what_no_parser_takes(std::string_view text, std::optional<std::uint64_t> rows) {
  static simdjson::dom::parser parser;
  const bool is_plain = text.find_first_of("0123456789\\\n") == std::string_view::npos &&
                        simdjson::validate_utf8(text.data(), text.size());
  if (!rows || !is_plain || !(text.starts_with('[') || text.starts_with('{'))) return;
  REDOUBT_CHECK(parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static encoding::JsonReader reader({.max_depth = 500});
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto rows = gateway::count_rows(text);
  REDOUBT_CHECK(!rows || *rows <= size);
  if (const auto root = reader.parse(text)) REDOUBT_CHECK(rows == rows_of(*root));
  refuses_what_no_parser_takes(text, rows);
  // Lines behind it are further ones.
  if (rows && (text.starts_with('[') || text.starts_with('{'))) REDOUBT_CHECK(gateway::count_rows(text + "\n[[]]"));
  // As the messages of a request: of what is none, nothing comes.
  const auto request = gateway::parse_chat_request(reader, R"({"model":"m","messages":)" + text + "}");
  if (!request) return 0;
  REDOUBT_CHECK(request->tool_rows.size() <= gateway::kToolRowsMax);
  for (const gateway::ToolRows& each : request->tool_rows) {
    REDOUBT_CHECK(!each.tool.empty() && each.tool.size() <= record::kToolNameSizeMax + 1 && each.rows <= size);
  }
  return 0;
}
