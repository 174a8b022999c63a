// How many rows a text has that a tool gave: of JSON, of JSON Lines, and of a table with a header. By form alone, never
// by names.
//
//   count_rows(R"({"total":2,"items":[{"id":7},{"id":9}]})")    // 2
//   count_rows("id,name\n7,Ada\n9,Bo\n")                        // 2
//   count_rows("Two patients were found.")                      // nothing
//
// JSON (RFC 8259), one value:
//   - an array has as many rows as elements; an empty one has 0;
//   - an object has those of the largest array directly within it: as many as that has elements that are objects or
//     arrays. Without such an element it has no rows.
// Several values of JSON with line breaks between them (JSON Lines): each is a row; an array of nothing but objects or
// arrays is as many as it has elements.
//
// A table: a first line of at least two names, and two further lines or more, each of exactly as many fields (RFC 4180,
// section 2). The first line is not counted. Fields are separated by tabs where the first line has one, or else by
// semicolons, or else by commas. A name has 1 to 64 bytes, one at least a letter (ASCII, or any byte above), and begins
// and ends with no space: what follows a comma in a sentence does. The first may be empty, as of rows that are
// numbered. A field that begins with a quotation mark goes on to the next that is not doubled, over line breaks, too;
// not so between tabs. At the end there may be empty lines.
//
// What begins with `[` or `{` is JSON or nothing, so that a list with something behind it (`… and 12 more`) has no rows
// rather than a guess. Without rows is not the same as none of them.
//
// Strict: what is not JSON to its end, or nested deeper than kRowDepthMax, is no JSON; of escapes surrogates are not
// paired up, and numbers may have any size. Time is linear, two looks at each byte at most, and no memory is taken, so
// the size is bounded by whoever brings the text: the gateway by its limit of request bodies. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redoubt::gateway {

inline constexpr std::size_t kRowDepthMax = 512;       // arrays and objects inside each other: `[[1]]` has depth 2
inline constexpr std::size_t kColumnNameSizeMax = 64;  // bytes

// Precondition: UTF-8, as the reader of the request has seen to. A byte order mark before it is passed over.
std::optional<std::uint64_t> count_rows(std::string_view text);

}  // namespace redoubt::gateway
