// Policies laid out alike: comments kept, meaning and ids unchanged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "policy/limits.h"
#include "policy/source.h"

namespace redoubt::policy {

struct FormatOptions {
  std::size_t line_width = 80;  // columns; longer lines are broken where the grammar allows
  std::size_t indent = 2;       // spaces
};

// The layout of `cedar format`, with code points for columns. Tokens stay as they are written (parentheses, escapes),
// but for commas behind the last element of a list. A comment stays behind the token that it shares a line with, or
// else on a line of its own before the token that follows it. Formatting twice gives the same. Problems are those of
// parse_policies; what comes out is parsed again and compared before it is given back. Any thread.
Checked<std::string> format_policies(std::string_view text, const FormatOptions& options = {},
                                     const Limits& limits = {});

}  // namespace redoubt::policy
