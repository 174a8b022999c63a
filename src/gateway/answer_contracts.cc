#include "gateway/answer_contracts.h"

#include <algorithm>
#include <array>

#include "gateway/answer_paths.h"
#include "gateway/internal/forget_at_end.h"

namespace redoubt::gateway {

using contract::JsonSchema;
using internal::ForgetAtEnd;

namespace {

constexpr std::uint64_t kMaxWork = 100'000;  // a text: some 5 ms
constexpr std::string_view kAnything = "true";
constexpr std::string_view kAnyObject = R"({"type":"object"})";
constexpr std::string_view kName = "/name";
constexpr std::string_view kArguments = "/arguments";

enum class Role { kNone, kToolName, kToolArguments, kAnswer, kAnswerPart };

Role role_of(std::string_view path) {
  std::string_view rest = path.substr(choice_of(path).size());
  if (rest.size() == path.size()) return Role::kNone;
  const std::string_view said = rest.substr(0, rest.find('/', 1));
  if (said != "/message" && said != "/delta") return Role::kNone;
  rest.remove_prefix(said.size());
  if (rest == "/content") return Role::kAnswer;
  if (rest.starts_with("/content/") && rest.ends_with("/text")) return Role::kAnswerPart;
  if (is_tool_argument(path)) return Role::kToolArguments;
  const bool is_call = rest.starts_with("/tool_calls/") && rest.ends_with("/function/name");
  return is_call || rest == "/function_call/name" ? Role::kToolName : Role::kNone;
}

// The schema that `response_format` has.
std::string schema_of(std::string_view answer_format) {
  encoding::JsonReader reader({.max_bytes = AnswerContracts::kMaxSchemaBytes});
  const ForgetAtEnd forget{reader};
  const auto root = reader.parse(answer_format);
  if (!root) return {};
  simdjson::dom::object format;
  if (root->get(format) != simdjson::SUCCESS) return {};
  if (encoding::string_member(format, "type") == "json_object") return std::string(kAnyObject);
  simdjson::dom::element schema;
  if (format["json_schema"]["schema"].get(schema) != simdjson::SUCCESS || schema.is_null()) {
    return std::string(kAnything);
  }
  return simdjson::minify(schema);
}

}  // namespace

bool is_contract_kind(std::string_view kind) {
  const std::string name = policy_name(kind);
  return std::ranges::any_of(std::array{kSchemaViolation, kSchemaUnusable, kContractViolation},
                             [&](std::string_view known) { return policy_name(known) == name; });
}

inspect::Match whole_text_match(std::string_view kind, std::uint64_t size_bytes) {
  inspect::Match match;
  match.kind = kind;
  match.family = inspect::Family::kContract;
  match.span.end_bytes = size_bytes;
  match.confidence = 1;
  match.why.rule = kind;
  return match;
}

contract::JsonSchemaOptions schema_options() {
  return {.max_work = kMaxWork, .max_problems = 1};
}

AnswerContracts::AnswerContracts(const ChatRequest& chat, std::string_view request, const ToolContracts& own)
    : request_(request), own_(own), brings_tools_(chat.brings_tools), answer_format_(chat.response_format) {}

bool AnswerContracts::calls_undescribed(std::string_view path, std::string_view name) {
  if (name.empty() || !path.ends_with(kName) || role_of(path) != Role::kToolName) return false;
  if (brings_tools_) read_tools();
  return !tools_unusable_ && !tools_.contains(name);
}

bool AnswerContracts::add(std::string_view path, std::string_view piece) {
  if (empty()) return false;
  const Role role = role_of(path);
  if (role == Role::kToolName) {
    if (piece.empty()) return false;
    const std::string_view call = path.substr(0, path.size() - kName.size());
    const auto known = called_.find(call);
    if (known == called_.end()) {
      if (called_.size() < kMaxCheckedTexts) called_.emplace(call, piece);
    } else if (known->second != piece) {
      known->second.clear();  // clients differ in which of them they take
    }
    return false;
  }
  const bool is_answer = role == Role::kAnswer || role == Role::kAnswerPart;
  const bool has_to_fit =
      is_answer ? !answer_format_.empty() : role == Role::kToolArguments && (brings_tools_ || !own_.empty());
  if (!has_to_fit) return false;
  auto known = texts_.find(path);
  if (known == texts_.end()) {
    known = texts_.emplace(path, Text()).first;
    // Of an answer in parts nobody says how they are put together.
    known->second.beyond = texts_.size() > kMaxCheckedTexts || role == Role::kAnswerPart;
  }
  Text& text = known->second;
  bytes_ += piece.size();
  text.beyond |= bytes_ > kMaxCheckedBytes;
  if (text.beyond) {
    bytes_ -= text.json.size() + piece.size();
    text.json = std::string();
  } else {
    text.json += piece;
  }
  return true;
}

std::vector<AnswerContracts::Fault> AnswerContracts::faults() {
  std::vector<Fault> out;
  std::optional<JsonSchema> answer;
  for (const auto& [path, text] : texts_) {
    if (text.json.empty() && !text.beyond) continue;
    if (role_of(path) == Role::kToolArguments) {
      check_arguments(path, text, out);
    } else {
      check_answer(path, text, answer, out);
    }
  }
  return out;
}

void AnswerContracts::check_arguments(const std::string& path, const Text& text, std::vector<Fault>& out) {
  const auto called = called_.find(std::string_view(path).substr(0, path.size() - kArguments.size()));
  const std::string_view name = called == called_.end() ? std::string_view() : std::string_view(called->second);
  const JsonSchema* const own = own_.find(name);
  if (own != nullptr ? judge(text, *own) != Verdict::kFits : name.empty() && !own_.empty()) {
    out.push_back({path, kContractViolation});
  }
  if (!brings_tools_) return;
  read_tools();
  const auto tool = tools_.find(name);
  Verdict verdict = Verdict::kFits;
  if (tools_unusable_ || name.empty()) {
    verdict = Verdict::kUnusable;
  } else if (tool != tools_.end()) {
    Tool& asked = tool->second;
    if (!asked.is_usable) {
      verdict = Verdict::kUnusable;
    } else if (!asked.schema.empty()) {
      verdict = judge(text, asked.schema, asked.compiled);
    }
  }
  if (verdict != Verdict::kFits) out.push_back({path, kind_of(verdict)});
}

void AnswerContracts::check_answer(const std::string& path, const Text& text, std::optional<JsonSchema>& schema,
                                   std::vector<Fault>& out) {
  const Verdict verdict = judge(text, schema ? std::string() : schema_of(answer_format_), schema);
  if (verdict != Verdict::kFits) out.push_back({path, kind_of(verdict)});
}

std::string_view AnswerContracts::kind_of(Verdict verdict) {
  return verdict == Verdict::kUnusable ? kSchemaUnusable : kSchemaViolation;
}

AnswerContracts::Verdict AnswerContracts::judge(const Text& text, std::string_view schema,
                                                std::optional<JsonSchema>& compiled) {
  if (!compiled) {
    auto made = JsonSchema::compile(schema, schema_options());
    if (!made) return Verdict::kUnusable;
    compiled.emplace(*std::move(made));
  }
  return judge(text, *compiled);
}

AnswerContracts::Verdict AnswerContracts::judge(const Text& text, const JsonSchema& schema) {
  if (text.beyond) return Verdict::kDoesNotFit;
  encoding::JsonReader reader({.max_bytes = kMaxCheckedBytes});
  const ForgetAtEnd forget{reader};
  const auto value = reader.parse(text.json);
  if (!value) return Verdict::kDoesNotFit;
  const auto problems = schema.validate(*value);
  if (!problems) return Verdict::kUnusable;
  return problems->empty() ? Verdict::kFits : Verdict::kDoesNotFit;
}

void AnswerContracts::read_tools() {
  if (tools_read_) return;
  tools_read_ = true;
  read_list("/tools", "/function");
  read_list("/functions", "");
}

// Of a list of tools, those that have a form. `function`: where in an element the function is described.
void AnswerContracts::read_list(std::string_view member, std::string_view function) {
  const auto place = encoding::find_json_value(request_, member);
  if (!place) return;
  const std::string_view json = request_.substr(place->begin, place->end - place->begin);
  encoding::JsonReader reader({.max_bytes = kMaxSchemaBytes});
  const ForgetAtEnd forget{reader};
  const auto root = reader.parse(json);
  simdjson::dom::array list;
  if (!root || root->get(list) != simdjson::SUCCESS) {
    tools_unusable_ |= !root || !root->is_null();
    return;
  }
  for (const simdjson::dom::element element : list) {
    simdjson::dom::object tool;
    if (element.at_pointer(function).get(tool) != simdjson::SUCCESS) continue;  // of another sort
    const std::string_view name = encoding::string_member(tool, "name");
    const auto [known, is_new] = tools_.emplace(name, Tool());
    known->second.is_usable = is_new;
    simdjson::dom::element schema;
    if (tool["parameters"].get(schema) == simdjson::SUCCESS && !schema.is_null()) {
      known->second.schema = simdjson::minify(schema);
    }
  }
}

}  // namespace redoubt::gateway
