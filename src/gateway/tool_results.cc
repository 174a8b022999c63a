#include "gateway/tool_results.h"

#include <algorithm>
#include <map>
#include <optional>

#include "gateway/row_count.h"

namespace redoubt::gateway {
namespace {

using encoding::string_member;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

using Calls = std::map<std::string_view, std::string_view>;  // names of functions by ids

Calls calls_of(const object& message) {
  Calls out;
  array calls;
  if (message["tool_calls"].get(calls) != simdjson::SUCCESS) return out;
  for (const element each : calls) {
    object call;
    object function;
    if (each.get(call) != simdjson::SUCCESS || call["function"].get(function) != simdjson::SUCCESS) continue;
    const std::string_view name = string_member(function, "name");
    if (!name.empty()) out.emplace(string_member(call, "id"), name);
  }
  return out;
}

std::optional<std::uint64_t> rows_of(const object& message) {
  element content;
  std::string_view text;
  array parts;
  if (message["content"].get(content) != simdjson::SUCCESS) return std::nullopt;
  if (content.get(text) == simdjson::SUCCESS) return count_rows(text);
  if (content.get(parts) != simdjson::SUCCESS) return std::nullopt;
  std::string together;
  for (const element part : parts) {
    object members;
    if (part.get(members) != simdjson::SUCCESS || members["text"].get(text) != simdjson::SUCCESS) continue;
    if (!together.empty()) together += '\n';
    together += text;
  }
  return count_rows(together);
}

void add(std::vector<ToolRows>& to, std::string_view tool, std::uint64_t rows) {
  tool = tool.substr(0, record::kToolNameSizeMax + 1);
  const auto known = std::ranges::find(to, tool, &ToolRows::tool);
  if (known != to.end()) {
    known->rows += rows;
  } else if (to.size() < kToolRowsMax) {
    to.push_back({.tool = std::string(tool), .rows = rows});
  }
}

}  // namespace

std::vector<ToolRows> new_tool_rows(const array& messages, std::span<const Where> roles) {
  std::vector<ToolRows> out;
  const auto assistant = std::find(roles.rbegin(), roles.rend(), Where::kAssistant);
  const auto first_new = static_cast<std::size_t>(roles.rend() - assistant);
  if (std::find(roles.begin() + static_cast<std::ptrdiff_t>(first_new), roles.end(), Where::kTool) == roles.end()) {
    return out;
  }
  Calls calls;
  std::size_t index = 0;
  for (const element each : messages) {
    const std::size_t at = index++;
    object message;
    if (at + 1 < first_new || each.get(message) != simdjson::SUCCESS) continue;
    if (at + 1 == first_new) {
      calls = calls_of(message);
    } else if (roles[at] == Where::kTool) {
      const auto rows = rows_of(message);
      if (!rows) continue;
      const auto call = calls.find(string_member(message, "tool_call_id"));
      std::string_view tool = call != calls.end() ? call->second : string_member(message, "name");
      add(out, tool.empty() ? kUnknownTool : tool, *rows);
    }
  }
  return out;
}

}  // namespace redoubt::gateway
