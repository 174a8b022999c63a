// Finds the end of a message head and refuses what lets two parsers disagree about where lines begin and end.
//
// Beast's parser, which reads the head afterwards, is lenient here: it unfolds obs-fold. So the lines are checked
// first: every line ends in CRLF (no bare LF, no bare CR), no control character but HTAB, no line that begins with
// white space (obs-fold, RFC 9112 §5.2), no empty line before the start line.
#pragma once

#include <cstddef>
#include <string_view>

namespace redoubt::net::internal {

enum class ScanState : unsigned char { kNeedMore, kComplete, kMalformed, kTooLarge };

class HeadScanner {
 public:
  // `bytes` begins at the head's first byte and grows from call to call; what was scanned is not scanned again. The
  // verdict depends on the bytes alone, not on how they were split. `limit` is the largest head, end mark included.
  ScanState scan(std::string_view bytes, std::size_t limit);
  // After kComplete: the head's size with the empty line.
  std::size_t head_size() const { return line_start_; }
  void reset() { *this = HeadScanner(); }

 private:
  std::size_t line_start_ = 0;
  std::size_t searched_ = 0;  // no LF before here
};

}  // namespace redoubt::net::internal
