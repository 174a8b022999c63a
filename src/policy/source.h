// Where something stands in a text, and what is wrong there, said so that a person finds it.
//
//   policy.cedar:3:18: unexpected `;`
//     3 |   when { principal.; };
//       |                   ^
//     expected an attribute name
//
// Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"

namespace redoubt::policy {

// Bytes [begin, end) of a source text. Both 0 where there is no text (what came as JSON).
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

// One thing that is wrong. Messages are one line, lower case, the user's text in backticks, the domain's words.
struct Problem {
  std::string message;
  Span where;
  std::vector<std::string> expected;  // of a syntax error: what could stand there; in no order
  std::string policy_id;              // of a validation: which policy; empty otherwise
  std::string path;                   // in JSON: where, as a JSON Pointer (RFC 6901); empty otherwise
  bool limit = false;                 // a stated limit is exceeded, the form may be right
};
using Problems = std::vector<Problem>;  // never empty in a failed result; in source order

// What reading a text gives: a value, or everything that was found wrong.
template <class T>
using Checked = tl::expected<T, Problems>;
inline tl::unexpected<Problems> fail(Problem problem) {
  return tl::unexpected<Problems>(Problems{std::move(problem)});
}

// Line and column of a byte, both from 1; columns count code points. `offset` may be text.size().
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};
Position position_of(std::string_view text, std::uint32_t offset);

// The problem as shown above, newline at the end. `name` is the file's, or `-`; `text` is what was read; control
// characters of it are not passed on. Long lines are cut around the place.
std::string render(const Problem& problem, std::string_view name, std::string_view text);

// The first in one line, as an Error of code kMalformed, or kTooLarge for a limit: "name:3:18: message; and 2 more".
Error to_error(const Problems& problems, std::string_view name, std::string_view text);

}  // namespace redoubt::policy
