#include "net/internal/head_scanner.h"

#include <algorithm>
#include <cstring>

#include "net/internal/field_syntax.h"

namespace redoubt::net::internal {

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
    if (text.front() == ' ' || text.front() == '\t' || !is_field_value(text)) return ScanState::kMalformed;
  }
}

}  // namespace redoubt::net::internal
