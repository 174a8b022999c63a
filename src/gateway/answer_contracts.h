// What an answer has to fit: the JSON Schemas that its request brings for tools and for the answer itself, and those
// that the operator has for tools (tool_contracts.h).
//
//   AnswerContracts contracts(chat, body, *inspection.contracts());
//   contracts.add("/choices/0/message/tool_calls/0/function/name", "transfer");
//   contracts.add("/choices/0/message/tool_calls/0/function/arguments", R"({"amount":-5})");
//   for (const auto& fault : contracts.faults()) …        // SCHEMA_VIOLATION, at the arguments
//
// It reads whatever the API's clients act upon: the arguments of tool calls (`tool_calls`, or the older
// `function_call`), and a message's `content` where `response_format` asks for JSON. `strict` is between the request
// and the model server: arguments are expected to fit either way. What is empty was not said. What nobody can check
// does not fit.
//
// A fault has no content, and no width: it is known when the text has ended. That a tool is called which the request
// does not describe is known from the call's name alone, before anything is told to it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/json_schema.h"
#include "encoding/json_reader.h"
#include "gateway/openai.h"
#include "gateway/tool_contracts.h"
#include "inspect/match.h"

namespace redoubt::gateway {

// Kinds of match, all of the family `contract`.
inline constexpr std::string_view kSchemaViolation = "SCHEMA_VIOLATION";      // does not fit what the request asked for
inline constexpr std::string_view kSchemaUnusable = "SCHEMA_UNUSABLE";        // the request's schema can tell nothing
inline constexpr std::string_view kContractViolation = "CONTRACT_VIOLATION";  // does not fit what the operator asks for
inline constexpr std::string_view kUndescribedTool = "UNDESCRIBED_TOOL";      // the request has no tool of this name
// Whether a kind, in any case, is one of those that are known when a text has ended: all but the last.
bool is_contract_kind(std::string_view kind);

// What does not fit is a match of so many bytes.
inspect::Match whole_text_match(std::string_view kind, std::uint64_t size_bytes);

// How schemas are compiled here: to be done with a text within milliseconds.
contract::JsonSchemaOptions schema_options();

class AnswerContracts {
 public:
  static constexpr std::size_t kMaxSchemaBytes = 1024 * 1024;       // of `tools`, `functions`, `response_format` each
  static constexpr std::size_t kMaxCheckedBytes = 4 * 1024 * 1024;  // of one answer's texts together
  static constexpr std::size_t kMaxCheckedTexts = 32;

  // `request`: what `chat` was read of. It and `own` must outlive this. Schemas are read when something has to fit
  // them.
  AnswerContracts(const ChatRequest& chat, std::string_view request, const ToolContracts& own);

  // Whether nothing has to fit anything.
  bool empty() const { return !brings_tools_ && answer_format_.empty() && own_.empty(); }

  // A text of the answer, or the next piece of it: the JSON Pointer of its place, with choices and calls by their index
  // in a stream. True when it is one that has to fit something. Pieces that differ only in their cut are one text.
  bool add(std::string_view path, std::string_view piece);

  // Whether this text is the name of a function that is called, and the request describes no function of that name.
  // A name that comes in pieces is none that it describes. False where nobody can say what the request describes.
  bool calls_undescribed(std::string_view path, std::string_view name);

  struct Fault {
    std::string path;       // as it was added
    std::string_view kind;  // static
  };
  // The texts have ended. Sorted by path; of one text there may be two. Call once.
  std::vector<Fault> faults();

 private:
  enum class Verdict { kFits, kDoesNotFit, kUnusable };
  struct Text {
    std::string json;
    bool beyond = false;  // the limits
  };
  struct Tool {
    std::string schema;                            // JSON; empty: its arguments may be anything
    bool is_usable = true;                         // there is one such tool
    std::optional<contract::JsonSchema> compiled;  // once it was asked for
  };

  void check_arguments(const std::string& path, const Text& text, std::vector<Fault>& out);
  void check_answer(const std::string& path, const Text& text, std::optional<contract::JsonSchema>& schema,
                    std::vector<Fault>& out);
  void read_tools();
  void read_list(std::string_view member, std::string_view function);
  static std::string_view kind_of(Verdict verdict);
  static Verdict judge(const Text& text, std::string_view schema, std::optional<contract::JsonSchema>& compiled);
  static Verdict judge(const Text& text, const contract::JsonSchema& schema);

  const std::string_view request_;
  const ToolContracts& own_;
  const bool brings_tools_;
  const std::string answer_format_;  // JSON of `response_format`, where it asks for JSON
  bool tools_read_ = false;
  bool tools_unusable_ = false;                             // nobody can say what they are
  std::map<std::string, Tool, std::less<>> tools_;          // by name
  std::map<std::string, std::string, std::less<>> called_;  // the tool's name, by the place of its call
  std::map<std::string, Text, std::less<>> texts_;          // by place
  std::size_t bytes_ = 0;
};

}  // namespace redoubt::gateway
