#include "gateway/openai.h"

#include <algorithm>

#include "encoding/json_writer.h"
#include "gateway/internal/forget_at_end.h"

namespace redoubt::gateway {
namespace {

constexpr std::size_t kMaxModelBytes = 256;

void read_count(const simdjson::dom::object& usage, std::string_view name, std::optional<std::uint64_t>& out) {
  std::uint64_t count = 0;
  if (usage[name].get(count) == simdjson::SUCCESS) out = count;
}

std::uint64_t positive_member(const simdjson::dom::object& object, std::string_view name) {
  std::uint64_t number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;
}

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? ~std::uint64_t{0} : out;
}

// Of all strings in it, names of members left out. The reader has bounded the depth.
std::uint64_t text_bytes(simdjson::dom::element value) {
  std::string_view text;
  simdjson::dom::array array;
  simdjson::dom::object object;
  std::uint64_t sum = 0;
  if (value.get(text) == simdjson::SUCCESS) return text.size();
  if (value.get(array) == simdjson::SUCCESS) {
    for (const simdjson::dom::element each : array) sum += text_bytes(each);
  } else if (value.get(object) == simdjson::SUCCESS) {
    for (const simdjson::dom::key_value_pair member : object) sum += text_bytes(member.value);
  }
  return sum;
}

std::uint64_t text_of_choices(const simdjson::dom::object& reply) {
  std::uint64_t sum = 0;
  simdjson::dom::array choices;
  if (reply["choices"].get(choices) != simdjson::SUCCESS) return 0;
  for (const simdjson::dom::element choice : choices) {
    for (const std::string_view name : {"message", "delta"}) {
      simdjson::dom::element text;
      if (choice[name].get(text) == simdjson::SUCCESS) sum += text_bytes(text);
    }
  }
  return sum;
}

// Of the last member of that name, which is what most readers take.
Where role_of(const simdjson::dom::element& message) {
  std::string_view role;
  simdjson::dom::object members;
  if (message.get(members) != simdjson::SUCCESS) return Where::kRequest;
  for (const simdjson::dom::key_value_pair member : members) {
    if (member.key == "role" && member.value.get(role) != simdjson::SUCCESS) role = {};
  }
  return where_of_role(role);
}

// `response_format`, unless that is text.
std::string json_format(const simdjson::dom::object& request) {
  simdjson::dom::object format;
  if (request["response_format"].get(format) != simdjson::SUCCESS) return {};
  const std::string_view type = encoding::string_member(format, "type");
  if (type != "json_schema" && type != "json_object") return {};
  return simdjson::minify(format);
}

}  // namespace

Result<ChatRequest> parse_chat_request(encoding::JsonReader& reader, std::string_view body) {
  const internal::ForgetAtEnd forget{reader};
  auto root = reader.parse(body);
  if (!root) return root.error().in("request body");
  simdjson::dom::object object;
  if (root->get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "the request body must be a JSON object");
  ChatRequest request;
  request.model = encoding::string_member(object, "model");
  if (request.model.empty()) return Error(Errc::kMalformed, "`model` is missing or not a string");
  if (request.model.size() > kMaxModelBytes) return Error(Errc::kMalformed, "`model` is longer than 256 bytes");
  // Names with control characters are used to forge lines of logs; no model has one.
  if (std::any_of(request.model.begin(), request.model.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return Error(Errc::kMalformed, "`model` has a control character");
  }
  simdjson::dom::array messages;
  if (object["messages"].get(messages) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "`messages` is missing or not an array");
  }
  request.roles.reserve(messages.size());
  for (const simdjson::dom::element message : messages) request.roles.push_back(role_of(message));
  request.tool_rows = new_tool_rows(messages, request.roles);
  const auto stream = object["stream"];
  if (stream.error() == simdjson::SUCCESS && !stream.is_null() && stream.get(request.stream) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "`stream` is not a boolean");
  }
  request.max_output_tokens =
      product(std::max(positive_member(object, "max_completion_tokens"), positive_member(object, "max_tokens")),
              std::max<std::uint64_t>(positive_member(object, "n"), 1));
  for (const std::string_view name : {"tools", "functions"}) {
    request.brings_tools |= object[name].error() == simdjson::SUCCESS;
  }
  request.response_format = json_format(object);
  return request;
}

Result<TokenUsage> parse_usage(encoding::JsonReader& reader, std::string_view body) {
  const internal::ForgetAtEnd forget{reader};
  auto root = reader.parse(body);
  if (!root) return root.error();
  simdjson::dom::object object;
  if (root->get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "not a JSON object");
  TokenUsage out{.text_bytes = text_of_choices(object)};
  simdjson::dom::object usage;
  if (object["usage"].get(usage) != simdjson::SUCCESS) return out;
  read_count(usage, "prompt_tokens", out.prompt_tokens);
  read_count(usage, "completion_tokens", out.completion_tokens);
  read_count(usage, "total_tokens", out.total_tokens);
  return out;
}

std::string error_body(std::string_view message, std::string_view type, std::string_view code) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("error");
  json.begin_object();
  json.member("message", message);
  json.member("type", type);
  json.key("param");
  json.null();
  json.member("code", code);
  json.end_object();
  json.end_object();
  return out;
}

}  // namespace redoubt::gateway
