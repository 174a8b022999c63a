// Where texts of a chat request and of its answer stand, for records: who said what was found, and which tools and data
// sets are named.
//
// Places are by JSON Pointer (RFC 6901), as inspection has them. Functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/exchange_record.h"

namespace redoubt::gateway {

// Who said a text. Of a request the role of its message, as the caller gives it: nobody proves who wrote it.
enum class Where : std::uint8_t {
  kRequest,        // elsewhere in the request: definitions of tools, metadata, a message of another role
  kSystem,         // `system`, or `developer`
  kUser,           // `user`
  kAssistant,      // `assistant`: what the model is said to have answered before
  kTool,           // `tool`, or `function`: what a tool gave
  kAnswer,         // the model's answer
  kToolArguments,  // what the model tells a tool, in its answer
};
// As records have it, for example `tool_arguments`. Static.
std::string_view to_string(Where where);

// Of a message's `role`.
Where where_of_role(std::string_view role);
// Of a text in a request whose messages have these roles.
Where where_in_request(std::string_view path, std::span<const Where> roles);
Where where_in_answer(std::string_view path);

// Names that a request and its answer give, each once, in the order of coming; but data sets whose rows were counted
// are before the others.
class NamesTouched {
 public:
  // A string of a request: a tool that it offers (`tools`, `functions`), or a data set that it says to use (the
  // `vector_store_ids` of a search in files, the `index_name` of `data_sources`).
  void add_of_request(std::string_view path, std::string_view text);
  // A string of an answer, whole or in an event: a tool that the model calls (`tool_calls`, `function_call`).
  void add_of_answer(std::string_view path, std::string_view text);
  // So many rows of a data set came with the request, further ones or the first.
  void add_rows(std::string_view data_set, std::uint64_t rows);

  const std::vector<std::string>& tools_offered() const { return tools_offered_; }
  const std::vector<std::string>& tools_called() const { return tools_called_; }
  const std::vector<std::string>& data() const { return data_; }
  // Of the first of data(), in their order.
  const std::vector<std::uint64_t>& rows() const { return rows_; }
  // There are more than are kept, or longer ones: which, is not known.
  bool tools_offered_are_cut() const { return is_cut(tools_offered_); }
  bool data_are_cut() const { return is_cut(data_); }

 private:
  // One more than a record has, so that the record says that some are missing; of a name as much as it has, and one.
  static constexpr std::size_t kMaxNames = record::kNamesMax + 1;
  static constexpr std::size_t kMaxNameBytes = record::kToolNameSizeMax + 1;
  static void add(std::vector<std::string>& to, std::string_view name);
  static bool is_cut(const std::vector<std::string>& names);

  std::vector<std::string> tools_offered_;
  std::vector<std::string> tools_called_;
  std::vector<std::string> data_;
  std::vector<std::uint64_t> rows_;
};

}  // namespace redoubt::gateway
