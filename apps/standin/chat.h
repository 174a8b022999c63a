// The chat API (OpenAI, `POST /v1/chat/completions`): what a request asks for, and the text that stands in for an
// answer.
//
// The text is a function of the last message of role user or tool, so that the same question gives the same answer,
// whole or streamed, from any instance. One thread; nothing here suspends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"

namespace redoubt::standin {

// How much to say.
struct ReplyShape {
  std::size_t tokens = 32;                         // pieces of text, a word each
  std::optional<std::size_t> size = std::nullopt;  // bytes of content; in place of `tokens`
};

struct ChatRequest {
  std::string model;
  std::uint64_t seed = 0;  // hash of the last user or tool message
  bool stream = false;
  bool include_usage = false;             // stream_options.include_usage
  std::optional<std::size_t> max_tokens;  // max_completion_tokens or max_tokens
  std::size_t prompt_tokens = 0;          // estimate: a quarter of the messages' bytes
  std::string repeat;                     // what to say first: see `Repeat:` and `Spell:` in README.md
  bool calls_tool = false;                // answer with a call of the next two
  std::string tool_name;
  std::string tool_arguments;  // a JSON object that suits the tool's schema, top level only
};

// Reads request bodies. Holds a parser, so one a thread.
class ChatReader {
 public:
  explicit ChatReader(std::vector<std::string> models) : models_(std::move(models)) {}

  // Errors: kMalformed and kTooLarge when the body is not acceptable JSON; kInvalidArgument when it does not have the
  // form of a chat request; kNotFound when it asks for a model that is not there. Messages name members of the
  // request, never content.
  Result<ChatRequest> read(std::string_view body);

 private:
  std::vector<std::string> models_;
  encoding::JsonReader json_;
};

// The words of an answer, a piece at a time.
class TextSource {
 public:
  TextSource(const ChatRequest& request, const ReplyShape& shape);

  // Appends the next piece, or returns false at the end. ASCII without quotes, backslashes or control characters.
  bool next(std::string& out);
  // Appends all the pieces that are left.
  void rest(std::string& out);
  std::size_t pieces() const { return pieces_; }  // so far
  bool cut_short() const { return cut_short_; }   // max_tokens ended it: finish_reason `length`

 private:
  std::string opening_;         // comes first
  std::size_t opening_at_ = 0;  // so much of it was given
  std::size_t opening_piece_;   // bytes of it at once
  std::size_t word_;            // of the fixed prose, to come next
  std::size_t tokens_left_;
  std::size_t bytes_left_;
  std::size_t pieces_ = 0;
  bool cut_short_ = false;
};

// A whole answer: the object `chat.completion`. `id` is a number unique in this process, `created` in Unix seconds.
std::string whole_reply(const ChatRequest& request, const ReplyShape& shape, std::uint64_t id, std::int64_t created);

// An answer as server-sent events: role, pieces, finish, usage if asked for, `[DONE]`.
class EventSource {
 public:
  EventSource(ChatRequest request, const ReplyShape& shape, std::uint64_t id, std::int64_t created);

  // Appends one event, `data: …` with its empty line, or returns false when all have been given.
  bool next(std::string& out);
  // Whether the event to come carries content (and so waits for the pace of tokens).
  bool next_is_content() const { return step_ == Step::kContent; }

 private:
  enum class Step : std::uint8_t { kRole, kContent, kFinish, kUsage, kDone, kEnd };

  void append_event(std::string& out, std::string_view delta, std::string_view finish_reason) const;
  bool next_content_delta(std::string& delta);

  ChatRequest request_;
  TextSource text_;
  std::string head_;  // of each event: from `{` to before `"choices"`
  std::size_t arguments_sent_ = 0;
  bool tool_announced_ = false;
  std::string pending_;  // the content delta to come
  Step step_ = Step::kRole;
};

// The body of an error, in the API's shape. `code` may be empty: null.
std::string error_body(std::string_view message, std::string_view type, std::string_view code);

}  // namespace redoubt::standin
