// Escapes in string literals: \n \r \t \\ \0 \' \" \x7F and \u{10FFFF} (Cedar reference, "Strings"; as Rust reads
// them, which the reference names). One to six hexadecimal digits stand in \u{…}, underscores between or behind them
// do not count; \x goes to 7F.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "policy/expr.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

// What a literal means; `literal` is what stands between its quotation marks, at byte `offset` of the source. The
// problem is the first escape that is none, or a carriage return that stands for itself.
tl::expected<std::string, Problem> unescape(std::string_view literal, std::uint32_t offset);

// The same for a literal behind `like`: stars match any text, however they are spelt, but for `\*`, which is a star.
tl::expected<Pattern, Problem> unescape_pattern(std::string_view literal, std::uint32_t offset);

// Appends what quoted() writes between the quotation marks; of a pattern's literal text, `*` as `\*`.
void append_escaped(std::string& out, std::string_view text, bool pattern = false);

// Appends a code point as UTF-8. Precondition: it is a Unicode scalar value.
void append_utf8(std::string& out, char32_t point);

}  // namespace redoubt::policy::internal
