#include "net/internal/head_scanner.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "net/internal/field_syntax.h"

namespace redoubt::net::internal {
namespace {

// What is_field_value() says, eight bytes at once while there is no control character among them, as there seldom is.
bool is_line(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const auto below = [](std::uint64_t bytes, std::uint64_t bound) { return (bytes - kOnes * bound) & ~bytes; };
  std::uint64_t control = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, 8);
    control |= below(bytes, 0x20) | below(bytes ^ kOnes * 0x7f, 1);
  }
  return is_field_value((control & kOnes << 7) != 0 ? text : text.substr(at));
}

}  // namespace

ScanState HeadScanner::scan(std::string_view bytes, std::size_t limit) {
  while (true) {
    const void* found =
        searched_ < bytes.size() ? std::memchr(bytes.data() + searched_, '\n', bytes.size() - searched_) : nullptr;
    if (found == nullptr) {
      searched_ = bytes.size();
      return bytes.size() >= limit ? ScanState::kTooLarge : ScanState::kNeedMore;
    }
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (lf + 1 > limit) return ScanState::kTooLarge;
    const std::string_view line = bytes.substr(line_start_, lf - line_start_);
    if (line.empty() || line.back() != '\r') return ScanState::kMalformed;
    const std::string_view text = line.substr(0, line.size() - 1);
    const bool first = line_start_ == 0;
    line_start_ = searched_ = lf + 1;
    if (text.empty()) return first ? ScanState::kMalformed : ScanState::kComplete;
    if (text.front() == ' ' || text.front() == '\t' || !is_line(text)) return ScanState::kMalformed;
  }
}

}  // namespace redoubt::net::internal
