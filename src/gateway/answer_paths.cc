#include "gateway/answer_paths.h"

#include <algorithm>
#include <optional>
#include <string>

namespace redoubt::gateway {

using encoding::JsonReplacement;

std::string_view choice_of(std::string_view path) {
  constexpr std::string_view kChoices = "/choices/";
  if (!path.starts_with(kChoices)) return {};
  return path.substr(0, std::min(path.find('/', kChoices.size()), path.size()));
}

bool is_answer_text(std::string_view path) {
  const std::string_view choice = choice_of(path);
  if (choice.empty()) return false;
  const std::string_view rest = path.substr(choice.size());
  if (rest == "/text") return true;
  if (!rest.starts_with("/message/") && !rest.starts_with("/delta/")) return false;
  return rest.find("/tool_calls/") == std::string_view::npos && rest.find("/function_call/") == std::string_view::npos;
}

bool is_tool_argument(std::string_view path) {
  const std::string_view choice = choice_of(path);
  if (choice.empty()) return false;
  const std::string_view rest = path.substr(choice.size());
  for (const std::string_view said : {"/message", "/delta"}) {
    if (!rest.starts_with(said)) continue;
    const std::string_view call = rest.substr(said.size());
    return (call.starts_with("/tool_calls/") && call.ends_with("/function/arguments")) ||
           call == "/function_call/arguments";
  }
  return false;
}

bool is_restored(std::string_view path, const RestorePermits& permits) {
  return is_answer_text(path) || (permits.tool_arguments && is_tool_argument(path));
}

Restorer::Form restored_form(std::string_view path) {
  return is_tool_argument(path) ? Restorer::Form::kJson : Restorer::Form::kProse;
}

void drop_tokens(std::string_view json, const std::vector<std::string_view>& choices,
                 std::vector<JsonReplacement>& replacements) {
  for (const std::string_view choice : choices) {
    const auto place = encoding::find_json_value(json, std::string(choice) + "/logprobs");
    if (!place) continue;
    // What was to be replaced in them goes with them; also they themselves, when the choice is named twice.
    std::erase_if(replacements, [&](const JsonReplacement& r) { return place->contains(r.begin); });
    replacements.push_back({place->begin, place->end, std::nullopt});
  }
  std::ranges::sort(replacements, {}, &JsonReplacement::begin);
}

}  // namespace redoubt::gateway
