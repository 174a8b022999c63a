// Letters alike whatever their case: Unicode's simple case folding, one code point for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redoubt::sigma::internal {

struct FoldRange {
  char32_t first;
  char32_t last;
  std::uint32_t stride;
  std::int32_t delta;
};
extern const FoldRange kFoldRanges[];
extern const std::size_t kFoldRangeCount;

char32_t fold(char32_t point);

// Appends the folded text. Bytes that are no UTF-8 stay as they are.
void append_folded(std::string& out, std::string_view text);
std::string folded(std::string_view text);

// The code point at the start of a non-empty text and its length in bytes; a byte that is no UTF-8 is one of its own.
struct CodePoint {
  char32_t point;
  std::size_t size;
};
CodePoint first_code_point(std::string_view text);
void append_utf8(std::string& out, char32_t point);
// The same where there is room for four bytes; how many it takes.
std::size_t put_utf8(char* to, char32_t point);

}  // namespace redoubt::sigma::internal
