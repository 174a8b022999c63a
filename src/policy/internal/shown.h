// The user's own text in messages: what a terminal could act on is replaced, and what is long is cut.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redoubt::policy::internal {

// The first code point of `text`, which must not be empty: its size in bytes, and whether it may be shown as it is.
// Not to be shown are control characters, what changes the direction of writing, line separators, and bytes that are
// not UTF-8 (one at a time).
struct CodePoint {
  std::size_t size = 1;
  bool showable = false;
};
CodePoint first_code_point(std::string_view text);

// In backticks, at most 60 code points of it, U+FFFD in place of what is not to be shown.
std::string shown(std::string_view text);

}  // namespace redoubt::policy::internal
