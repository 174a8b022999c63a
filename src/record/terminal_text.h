// Untrusted text for terminals.
#pragma once

#include <string>
#include <string_view>

namespace redoubt::record {

// Appends `text` so that a terminal shows it and does nothing else. Written as escapes: control characters (C0, DEL,
// C1), line and paragraph separators, zero-width and direction-changing characters, tags; `\n`, `\r` and `\t` in their
// short form, others as `\uNNNN` (in JSON's spelling), bytes that are not UTF-8 as `\xNN`. Everything else, backslashes
// included, stays as it is, so the result is for reading, not for reading back.
void append_terminal_text(std::string& out, std::string_view text);

// The length in bytes of the well-formed UTF-8 character (RFC 3629 §4) at the start of `text`, its code point in
// `code_point`; 0 when there is none.
std::size_t utf8_character(std::string_view text, char32_t& code_point);

}  // namespace redoubt::record
