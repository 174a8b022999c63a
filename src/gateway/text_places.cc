#include "gateway/text_places.h"

#include <algorithm>
#include <charconv>

#include "gateway/answer_paths.h"

namespace redoubt::gateway {
namespace {

// Takes `prefix` and an element's number off the front; false, with `path` as it was, when it begins otherwise.
bool take_element(std::string_view& path, std::string_view prefix, std::size_t& index) {
  if (!path.starts_with(prefix)) return false;
  const char* const begin = path.data() + prefix.size();
  const char* const end = path.data() + path.size();
  const auto number = std::from_chars(begin, end, index);
  if (number.ec != std::errc() || (number.ptr != end && *number.ptr != '/')) return false;
  path.remove_prefix(static_cast<std::size_t>(number.ptr - path.data()));
  return true;
}

bool is_offered_tool(std::string_view path) {
  std::size_t index = 0;
  if (take_element(path, "/tools/", index)) return path == "/function/name" || path == "/name";
  return take_element(path, "/functions/", index) && path == "/name";
}

bool is_data_set(std::string_view path) {
  std::size_t index = 0;
  if (take_element(path, "/data_sources/", index)) return path == "/parameters/index_name";
  if (!take_element(path, "/tools/", index)) return false;
  return (take_element(path, "/vector_store_ids/", index) ||
          take_element(path, "/file_search/vector_store_ids/", index)) &&
         path.empty();
}

bool is_called_tool(std::string_view path) {
  const std::string_view choice = choice_of(path);
  if (choice.empty()) return false;
  path.remove_prefix(choice.size());
  for (const std::string_view said : {"/message", "/delta"}) {
    if (!path.starts_with(said)) continue;
    path.remove_prefix(said.size());
    std::size_t index = 0;
    return path == "/function_call/name" || (take_element(path, "/tool_calls/", index) && path == "/function/name");
  }
  return false;
}

}  // namespace

std::string_view to_string(Where where) {
  switch (where) {
    case Where::kRequest:
      break;
    case Where::kSystem:
      return "system";
    case Where::kUser:
      return "user";
    case Where::kAssistant:
      return "assistant";
    case Where::kTool:
      return "tool";
    case Where::kAnswer:
      return "answer";
    case Where::kToolArguments:
      return "tool_arguments";
  }
  return "request";
}

Where where_of_role(std::string_view role) {
  if (role == "user") return Where::kUser;
  if (role == "system" || role == "developer") return Where::kSystem;
  if (role == "assistant") return Where::kAssistant;
  if (role == "tool" || role == "function") return Where::kTool;
  return Where::kRequest;
}

Where where_in_request(std::string_view path, std::span<const Where> roles) {
  std::size_t index = 0;
  return take_element(path, "/messages/", index) && index < roles.size() ? roles[index] : Where::kRequest;
}

Where where_in_answer(std::string_view path) {
  return is_tool_argument(path) ? Where::kToolArguments : Where::kAnswer;
}

void NamesTouched::add(std::vector<std::string>& to, std::string_view name) {
  name = name.substr(0, kMaxNameBytes);
  if (name.empty() || to.size() == kMaxNames || std::ranges::find(to, name) != to.end()) return;
  to.emplace_back(name);
}

bool NamesTouched::is_cut(const std::vector<std::string>& names) {
  return names.size() == kMaxNames ||
         std::ranges::any_of(names, [](const std::string& name) { return name.size() == kMaxNameBytes; });
}

void NamesTouched::add_of_request(std::string_view path, std::string_view text) {
  if (path.ends_with("/name") && is_offered_tool(path)) {
    add(tools_offered_, text);
  } else if (is_data_set(path)) {
    add(data_, text);
  }
}

void NamesTouched::add_rows(std::string_view data_set, std::uint64_t rows) {
  data_set = data_set.substr(0, kMaxNameBytes);
  const auto counted = data_.begin() + static_cast<std::ptrdiff_t>(rows_.size());
  const auto known = std::find(data_.begin(), data_.end(), data_set);
  if (known < counted) {
    rows_[static_cast<std::size_t>(known - data_.begin())] += rows;
    return;
  }
  if (data_set.empty() || rows_.size() == kMaxNames) return;
  if (known != data_.end()) {
    std::rotate(counted, known, known + 1);
  } else {
    data_.emplace(counted, data_set);
    data_.resize(std::min(data_.size(), kMaxNames));
  }
  rows_.push_back(rows);
}

void NamesTouched::add_of_answer(std::string_view path, std::string_view text) {
  if (path.ends_with("/name") && is_called_tool(path)) add(tools_called_, text);
}

}  // namespace redoubt::gateway
