#include "redoubt/administer/event_reader.h"

#include <algorithm>

namespace redoubt::app {

// A line of an event that is not empty: `field: value`, `field:value`, `field`, or `: comment`.
void EventReader::take_line() {
  const std::string_view line = line_;
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.type = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

Result<bool> EventReader::feed(std::string_view piece, const Take& take) {
  for (const char c : piece) {
    const bool joined = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if (joined) continue;
    if (c != '\n' && c != '\r') {
      if (++size_ > kEventMax) return Error(Errc::kTooLarge, "the server sends an event that is too long");
      line_ += c;
      continue;
    }
    if (!line_.empty()) {
      take_line();
      line_.clear();
      continue;
    }
    const bool go_on = !has_data_ || take(event_);
    event_.type.clear();
    event_.data.clear();
    has_data_ = false;
    size_ = 0;
    if (!go_on) return false;
  }
  return true;
}

}  // namespace redoubt::app
