// A JSON text read as a whole: its limits, and what was found wrong in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "encoding/json_reader.h"
#include "policy/internal/value_json.h"
#include "policy/limits.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

// Lends a reader. To make one costs as much as to read a small text, so each thread keeps one for these, with nothing
// of a text in it. One thread; not held across a suspension.
class LentReader {
 public:
  LentReader(std::size_t text_bytes, const Limits& limits);
  ~LentReader();
  LentReader(const LentReader&) = delete;
  LentReader& operator=(const LentReader&) = delete;

  encoding::JsonReader* operator->() { return reader_; }

 private:
  std::optional<encoding::JsonReader> own_;  // when it is not the thread's
  encoding::JsonReader* reader_ = nullptr;
};

// What `read`, given the root, its place and a list for problems, makes of `json`: its value, or the problems if there
// are any. `read` gives no value only with a problem.
template <class T, class Read>
Checked<T> read_document(std::string_view json, const Limits& limits, const Read& read) {
  LentReader reader(json.size(), limits);
  const auto root = reader->parse(json);
  if (!root) return fail({.message = root.error().message(), .limit = root.error().code() == Errc::kTooLarge});
  ProblemList problems;
  std::optional<T> value = read(*root, JsonPlace(), problems);
  if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems).take());
  return *std::move(value);
}

}  // namespace redoubt::policy::internal
