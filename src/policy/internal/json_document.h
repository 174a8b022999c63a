// A JSON text read as a whole: its limits, and what was found wrong in it.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "encoding/json_reader.h"
#include "policy/internal/value_json.h"
#include "policy/limits.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

// What `read`, given the root, its place and a list for problems, makes of `json`: its value, or the problems if there
// are any. `read` gives no value only with a problem.
template <class T, class Read>
Checked<T> read_document(std::string_view json, const Limits& limits, const Read& read) {
  // Both within what JsonReader takes.
  encoding::JsonReader reader({.max_bytes = std::min<std::size_t>(limits.max_bytes, 0xffff'fffe),
                               .max_depth = std::clamp<std::size_t>(limits.max_depth, 1, 1024)});
  const auto root = reader.parse(json);
  if (!root) return fail({.message = root.error().message(), .limit = root.error().code() == Errc::kTooLarge});
  ProblemList problems;
  std::optional<T> value = read(*root, JsonPlace(), problems);
  if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems).take());
  return *std::move(value);
}

}  // namespace redoubt::policy::internal
