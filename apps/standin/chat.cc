#include "standin/chat.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "encoding/json_writer.h"

namespace redoubt::standin {
namespace {

using encoding::JsonWriter;
using encoding::string_member;
namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 32> kWords = {
    " amber",  " birch",  " cedar", " delta",  " ember",  " fjord",  " grove", " harbor", " iris",  " juniper", " kelp",
    " lark",   " meadow", " north", " orchid", " pine",   " quartz", " river", " stone",  " tide",  " umber",   " vale",
    " willow", " yarrow", " zinc",  " basalt", " clover", " dune",   " fern",  " gale",   " heath", " marsh"};

// Eight bytes a step: a request's text is most of what there is to read. Not a cryptographic hash.
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325;
std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9e3779b97f4a7c15;
  return state ^ (state >> 32);
}
std::uint64_t hash(std::uint64_t state, std::string_view text) {
  state = mix(state, text.size());
  const ByteView bytes = as_bytes(text);
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) state = mix(state, load_le<std::uint64_t>(bytes.subspan(at)));
  std::uint64_t last = 0;
  for (; at < bytes.size(); ++at) last = (last << 8) | static_cast<std::uint64_t>(bytes[at]);
  return mix(state, last);
}

// SplitMix64.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// What all texts are cut from: words in an arbitrary but fixed order, so that long content is copied, not composed.
struct Prose {
  static constexpr std::size_t kWordCount = 4096;
  std::string text;
  std::array<std::size_t, kWordCount + 1> begins{};  // of each word, its space included; last, the end

  Prose() {
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < kWordCount; ++i) {
      begins[i] = text.size();
      text += kWords[next_random(state) % kWords.size()];
    }
    begins[kWordCount] = text.size();
  }
};
const Prose& prose() {
  static const Prose instance;
  return instance;
}

// Bytes of what is repeated in each event, so that a word is spread over several.
constexpr std::size_t kRepeatedPiece = 5;

// What a user's message asks to hear again, as it may stand in an answer; empty when it asks for nothing of that.
std::string repeated(std::string_view text) {
  std::string out;
  const bool spell = text.starts_with("Spell: ");
  if (!spell && !text.starts_with("Repeat: ")) return out;
  for (const char c : text.substr(text.find(' ') + 1)) {
    if (spell && !out.empty()) out += '.';
    out += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  }
  return out;
}

Error invalid(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

// Calls `use` with each text of a message's content: a string, or an array of parts of which some are text.
template <class Use>
void for_each_text(const dom::object& message, Use use) {
  dom::element content;
  if (message["content"].get(content) != simdjson::SUCCESS) return;
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    use(text);
    return;
  }
  dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return;
  for (dom::element part : parts) {
    dom::object object;
    if (part.get(object) == simdjson::SUCCESS && object["text"].get(text) == simdjson::SUCCESS) use(text);
  }
}

bool flag_member(const dom::object& object, std::string_view name) {
  bool flag = false;
  return object[name].get(flag) == simdjson::SUCCESS && flag;
}

// A value for each property of the schema that has a simple type.
std::string arguments_for(const dom::object& function, std::uint64_t seed) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  dom::object properties;
  if (function["parameters"]["properties"].get(properties) == simdjson::SUCCESS) {
    for (const dom::key_value_pair property : properties) {
      dom::object schema;
      if (property.value.get(schema) != simdjson::SUCCESS) continue;
      const std::string_view type = string_member(schema, "type");
      const std::uint64_t random = next_random(seed);
      if (type == "string") {
        dom::array choices;
        std::string_view choice;
        if (schema["enum"].get(choices) == simdjson::SUCCESS && choices.size() > 0 &&
            choices.at(random % choices.size()).get(choice) == simdjson::SUCCESS) {
          json.member(property.key, choice);
        } else {
          json.member(property.key, kWords[random % kWords.size()].substr(1));
        }
      } else if (type == "integer" || type == "number") {
        json.member(property.key, random % 100);
      } else if (type == "boolean") {
        json.member(property.key, random % 2 == 0);
      }
    }
  }
  json.end_object();
  return out;
}

// Decides whether a tool is to be called, and which.
Result<> choose_tool(const dom::object& root, bool asked_in_words, ChatRequest& request) {
  dom::element member;
  if (root["tools"].get(member) != simdjson::SUCCESS || member.is_null()) return {};
  dom::array tools;
  if (member.get(tools) != simdjson::SUCCESS) return invalid("`tools` is not an array");

  std::string_view choice;
  dom::element choice_member;
  std::string_view chosen_name;
  if (root["tool_choice"].get(choice_member) == simdjson::SUCCESS) {
    if (choice_member.get(choice) != simdjson::SUCCESS &&
        choice_member["function"]["name"].get(chosen_name) != simdjson::SUCCESS) {
      return invalid("`tool_choice` is neither a word nor a function");
    }
  }
  if (choice == "none") return {};
  const bool wanted = choice == "required" || !chosen_name.empty() || asked_in_words;

  for (dom::element tool : tools) {
    dom::object function;
    std::string_view name;
    if (tool["function"].get(function) != simdjson::SUCCESS || function["name"].get(name) != simdjson::SUCCESS) {
      return invalid("`tools` holds something other than functions");
    }
    if (!wanted || request.calls_tool || (!chosen_name.empty() && name != chosen_name)) continue;
    request.calls_tool = true;
    request.tool_name = name;
    request.tool_arguments = arguments_for(function, request.seed);
  }
  if (!chosen_name.empty() && !request.calls_tool) return invalid("`tool_choice` names no tool of `tools`");
  return {};
}

std::string tool_call_id(const ChatRequest& request) {
  std::string id = "call_";
  for (int shift = 60; shift >= 0; shift -= 4) id += "0123456789abcdef"[(request.seed >> shift) & 15];
  return id;
}

void append_completion_id(JsonWriter& json, std::uint64_t id) {
  json.member("id", "chatcmpl-standin-" + std::to_string(id));
}

void append_usage(JsonWriter& json, const ChatRequest& request, std::size_t completion_tokens) {
  json.key("usage");
  json.begin_object();
  json.member("prompt_tokens", request.prompt_tokens);
  json.member("completion_tokens", completion_tokens);
  json.member("total_tokens", request.prompt_tokens + completion_tokens);
  json.end_object();
}

// A call counts a token for each four bytes of its arguments.
std::size_t tool_tokens(const ChatRequest& request) {
  return request.tool_arguments.size() / 4 + 1;
}

}  // namespace

Result<ChatRequest> ChatReader::read(std::string_view body) {
  const Result<dom::element> parsed = json_.parse(body);
  if (!parsed) return parsed.error();
  dom::object root;
  if (parsed->get(root) != simdjson::SUCCESS) return invalid("the request is not an object");

  ChatRequest request;
  std::string_view model;
  if (root["model"].get(model) != simdjson::SUCCESS) return invalid("`model` is missing or not a string");
  dom::array messages;
  if (root["messages"].get(messages) != simdjson::SUCCESS || messages.begin() == messages.end()) {
    return invalid("`messages` is missing or not an array of at least one");
  }

  bool asked_in_words = false;
  std::size_t text_bytes = 0;
  request.seed = kHashStart;
  for (dom::element element : messages) {
    dom::object message;
    std::string_view role;
    if (element.get(message) != simdjson::SUCCESS || message["role"].get(role) != simdjson::SUCCESS) {
      return invalid("`messages` holds something other than messages with a `role`");
    }
    const bool speaks = role == "user" || role == "tool";
    if (speaks) request.seed = kHashStart;
    asked_in_words = false;  // only the last message counts, so a tool's result is answered in words
    for_each_text(message, [&](std::string_view text) {
      text_bytes += text.size();
      if (speaks) request.seed = hash(request.seed, text);
      if (role == "user") request.repeat = repeated(text);
      if (role == "user" && text.find("use the tool") != std::string_view::npos) asked_in_words = true;
    });
  }
  request.prompt_tokens = text_bytes / 4 + 1;

  request.stream = flag_member(root, "stream");
  dom::object stream_options;
  if (root["stream_options"].get(stream_options) == simdjson::SUCCESS) {
    request.include_usage = flag_member(stream_options, "include_usage");
  }
  std::uint64_t number = 0;
  if (root["n"].get(number) == simdjson::SUCCESS && number != 1) return invalid("`n` other than 1 is not supported");
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    if (root[name].get(number) == simdjson::SUCCESS) request.max_tokens = number;
  }
  if (const Result<> chosen = choose_tool(root, asked_in_words, request); !chosen) return chosen.error();

  if (std::find(models_.begin(), models_.end(), model) == models_.end()) {
    return Error(Errc::kNotFound, "the model `" + std::string(model.substr(0, 128)) + "` does not exist");
  }
  request.model = model;
  return request;
}

TextSource::TextSource(const ChatRequest& request, const ReplyShape& shape)
    : word_(request.seed % Prose::kWordCount),
      tokens_left_(shape.size ? SIZE_MAX : shape.tokens),
      bytes_left_(shape.size.value_or(SIZE_MAX)) {
  opening_ = "Stand-in reply ";
  for (int shift = 28; shift >= 0; shift -= 4) opening_ += "0123456789abcdef"[(request.seed >> shift) & 15];
  opening_ += ':';
  opening_piece_ = opening_.size();
  if (!request.repeat.empty()) {
    opening_ += " " + request.repeat;
    opening_piece_ = kRepeatedPiece;
    if (!shape.size) tokens_left_ += opening_.size() / kRepeatedPiece;
  }
  if (!shape.size && request.max_tokens && *request.max_tokens < tokens_left_) {
    tokens_left_ = *request.max_tokens;
    cut_short_ = true;
  }
}

bool TextSource::next(std::string& out) {
  if (tokens_left_ == 0 || bytes_left_ == 0) return false;
  std::string_view piece;
  if (opening_at_ < opening_.size()) {
    piece = std::string_view(opening_).substr(opening_at_, opening_piece_);
    opening_at_ += piece.size();
  } else {
    piece =
        std::string_view(prose().text).substr(prose().begins[word_], prose().begins[word_ + 1] - prose().begins[word_]);
    word_ = (word_ + 1) % Prose::kWordCount;
  }
  piece = piece.substr(0, bytes_left_);
  out += piece;
  bytes_left_ -= piece.size();
  --tokens_left_;
  ++pieces_;
  return true;
}

void TextSource::rest(std::string& out) {
  while (opening_at_ < opening_.size() && next(out)) {
  }
  const Prose& all = prose();
  while (tokens_left_ > 0 && bytes_left_ > 0) {
    // As many words as there are before the prose begins anew; with a limit in bytes, those that begin within it.
    std::size_t end =
        std::min(Prose::kWordCount, tokens_left_ > Prose::kWordCount ? Prose::kWordCount : word_ + tokens_left_);
    const std::size_t begin = all.begins[word_];
    if (all.begins[end] - begin > bytes_left_) {
      const auto* from = all.begins.begin() + static_cast<std::ptrdiff_t>(word_);
      end =
          static_cast<std::size_t>(std::lower_bound(from, all.begins.end(), begin + bytes_left_) - all.begins.begin());
    }
    const std::size_t size = std::min(bytes_left_, all.begins[end] - begin);
    out.append(all.text, begin, size);
    bytes_left_ -= size;
    tokens_left_ -= end - word_;
    pieces_ += end - word_;
    word_ = end % Prose::kWordCount;
  }
}

std::string whole_reply(const ChatRequest& request, const ReplyShape& shape, std::uint64_t id, std::int64_t created) {
  std::string out;
  out.reserve(512 + shape.size.value_or(shape.tokens * 8));
  JsonWriter json(out);
  json.begin_object();
  append_completion_id(json, id);
  json.member("object", "chat.completion");
  json.member("created", created);
  json.member("model", std::string_view(request.model));
  json.key("choices");
  json.begin_array();
  json.begin_object();
  json.member("index", 0);
  json.key("message");
  json.begin_object();
  json.member("role", "assistant");
  std::size_t completion_tokens = 0;
  std::string_view finish_reason;
  if (request.calls_tool) {
    json.key("content");
    json.null();
    json.key("tool_calls");
    json.begin_array();
    json.begin_object();
    json.member("id", std::string_view(tool_call_id(request)));
    json.member("type", "function");
    json.key("function");
    json.begin_object();
    json.member("name", std::string_view(request.tool_name));
    json.member("arguments", std::string_view(request.tool_arguments));
    json.end_object();
    json.end_object();
    json.end_array();
    completion_tokens = tool_tokens(request);
    finish_reason = "tool_calls";
  } else {
    TextSource text(request, shape);
    std::string content;
    content.reserve(shape.size.value_or(shape.tokens * 8) + 2);
    content += '"';
    text.rest(content);
    content += '"';
    json.key("content");
    json.raw(content);
    completion_tokens = text.pieces();
    finish_reason = text.cut_short() ? "length" : "stop";
  }
  json.end_object();
  json.key("logprobs");
  json.null();
  json.member("finish_reason", finish_reason);
  json.end_object();
  json.end_array();
  append_usage(json, request, completion_tokens);
  json.end_object();
  return out;
}

EventSource::EventSource(ChatRequest request, const ReplyShape& shape, std::uint64_t id, std::int64_t created)
    : request_(std::move(request)), text_(request_, shape) {
  JsonWriter json(head_);
  json.begin_object();
  append_completion_id(json, id);
  json.member("object", "chat.completion.chunk");
  json.member("created", created);
  json.member("model", std::string_view(request_.model));
}

void EventSource::append_event(std::string& out, std::string_view delta, std::string_view finish_reason) const {
  out += "data: ";
  out += head_;
  out += R"(,"choices":[{"index":0,"delta":)";
  out += delta;
  out += R"(,"logprobs":null,"finish_reason":)";
  if (finish_reason.empty()) {
    out += "null";
  } else {
    encoding::append_json_string(out, finish_reason);
  }
  out += "}]";
  if (request_.include_usage) out += R"(,"usage":null)";
  out += "}\n\n";
}

// Prepares the delta of the next content event; false when there is none.
bool EventSource::next_content_delta(std::string& delta) {
  delta.clear();
  JsonWriter json(delta);
  json.begin_object();
  if (!request_.calls_tool) {
    std::string piece;
    if (!text_.next(piece)) return false;
    json.member("content", std::string_view(piece));
    json.end_object();
    return true;
  }
  const std::string_view rest = std::string_view(request_.tool_arguments).substr(arguments_sent_);
  if (tool_announced_ && rest.empty()) return false;
  json.key("tool_calls");
  json.begin_array();
  json.begin_object();
  json.member("index", 0);
  if (!tool_announced_) {
    json.member("id", std::string_view(tool_call_id(request_)));
    json.member("type", "function");
    json.key("function");
    json.begin_object();
    json.member("name", std::string_view(request_.tool_name));
    json.member("arguments", "");
    json.end_object();
    tool_announced_ = true;
  } else {
    std::size_t size = std::min<std::size_t>(8, rest.size());
    while (size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xc0) == 0x80) ++size;  // whole characters
    json.key("function");
    json.begin_object();
    json.member("arguments", rest.substr(0, size));
    json.end_object();
    arguments_sent_ += size;
  }
  json.end_object();
  json.end_array();
  json.end_object();
  return true;
}

bool EventSource::next(std::string& out) {
  switch (step_) {
    case Step::kRole:
      append_event(
          out, request_.calls_tool ? R"({"role":"assistant","content":null})" : R"({"role":"assistant","content":""})",
          "");
      step_ = next_content_delta(pending_) ? Step::kContent : Step::kFinish;
      return true;
    case Step::kContent:
      append_event(out, pending_, "");
      step_ = next_content_delta(pending_) ? Step::kContent : Step::kFinish;
      return true;
    case Step::kFinish:
      append_event(out, "{}", request_.calls_tool ? "tool_calls" : text_.cut_short() ? "length" : "stop");
      step_ = request_.include_usage ? Step::kUsage : Step::kDone;
      return true;
    case Step::kUsage: {
      out += "data: ";
      std::string event = head_;
      event += R"(,"choices":[],)";
      JsonWriter json(event);
      append_usage(json, request_, request_.calls_tool ? tool_tokens(request_) : text_.pieces());
      event += "}\n\n";
      out += event;
      step_ = Step::kDone;
      return true;
    }
    case Step::kDone:
      out += "data: [DONE]\n\n";
      step_ = Step::kEnd;
      return true;
    case Step::kEnd:
      return false;
  }
  return false;
}

std::string error_body(std::string_view message, std::string_view type, std::string_view code) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("error");
  json.begin_object();
  json.member("message", message);
  json.member("type", type);
  json.key("param");
  json.null();
  json.key("code");
  if (code.empty()) {
    json.null();
  } else {
    json.value(code);
  }
  json.end_object();
  json.end_object();
  return out;
}

}  // namespace redoubt::standin
