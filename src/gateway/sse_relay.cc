#include "gateway/sse_relay.h"

#include <algorithm>

namespace redoubt::gateway {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kOurs = "redoubt-";

// The first line terminator at or after `from`, and where the next line begins; npos for what is not certain yet (a CR
// at the end may yet be followed by LF).
struct LineEnd {
  std::size_t end;
  std::size_t next;
};
LineEnd find_line_end(std::string_view text, std::size_t from) {
  const std::size_t end = text.find_first_of("\r\n", from);
  if (end == std::string_view::npos) return {end, end};
  if (text[end] == '\n') return {end, end + 1};
  if (end + 1 == text.size()) return {end, std::string_view::npos};
  return {end, text[end + 1] == '\n' ? end + 2 : end + 1};
}

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

// The line as the most lenient client reads it.
std::string_view without_mark_and_blanks(std::string_view line) {
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return without_leading_blanks(line);
}

// Whether some client could take the line for the end mark.
bool is_end_mark(std::string_view line) {
  line = without_mark_and_blanks(line);
  if (!line.starts_with("data:")) return false;
  return without_leading_blanks(line.substr(5)).starts_with("[DONE]");
}

// Whether some client could take the line for a comment of Redoubt's.
bool is_our_comment(std::string_view line) {
  line = without_mark_and_blanks(line);
  if (!line.starts_with(':')) return false;
  const auto same = [](char c, char ours) { return (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) == ours; };
  return std::search(line.begin(), line.end(), kOurs.begin(), kOurs.end(), same) != line.end();
}

Error too_large() {
  return Error(Errc::kTooLarge, "the upstream sent an event longer than 1 MiB");
}

}  // namespace

Result<std::string_view> SseRelay::feed(std::string_view piece) {
  buffer_.erase(0, passed_);
  line_start_ -= passed_;
  searched_ -= passed_;
  passed_ = 0;
  if (done_) return std::string_view();
  buffer_ += piece;
  while (true) {
    const LineEnd line = find_line_end(buffer_, searched_);
    if (line.next == std::string_view::npos) {
      searched_ = std::min(line.end, buffer_.size());
      break;
    }
    const bool empty_line = line.end == line_start_;
    line_start_ = searched_ = line.next;
    if (!empty_line) continue;
    // An event ends with an empty line.
    const std::span<char> event = std::span(buffer_).subspan(passed_, line_start_ - passed_);
    if (event.size() > kMaxEventBytes) return too_large();
    look_at(event);
    if (done_) return std::string_view(buffer_).substr(0, passed_);
    passed_ = line_start_;
  }
  if (buffer_.size() - passed_ > kMaxEventBytes) return too_large();
  return std::string_view(buffer_).substr(0, passed_);
}

std::string_view SseRelay::end() {
  buffer_.erase(0, passed_);
  line_start_ = searched_ = passed_ = 0;
  if (!done_) look_at(buffer_);
  if (done_) return {};
  line_start_ = searched_ = passed_ = buffer_.size();
  return buffer_;
}

void SseRelay::look_at(std::span<char> event) {
  const std::string_view text(event.data(), event.size());
  for (std::size_t at = 0; at < text.size();) {
    const LineEnd end = find_line_end(text, at);
    const std::string_view line = text.substr(at, std::min(end.end, text.size()) - at);
    if (is_end_mark(line)) {
      done_ = true;
      return;
    }
    if (is_our_comment(line)) std::ranges::fill(event.subspan(at, line.size()), ':');
    if (line.starts_with("data:") && line.find("\"usage\"") != std::string_view::npos &&
        line.find("\"usage\":null") == std::string_view::npos) {
      usage_data_ = line.substr(5);  // JSON does not mind the space
    }
    if (end.next == std::string_view::npos) break;
    at = end.next;
  }
}

EventLine line_at(std::string_view event, std::size_t at) {
  const LineEnd line = find_line_end(event, at);
  return {without_mark_and_blanks(event.substr(at, std::min(line.end, event.size()) - at)),
          std::min(line.next, event.size())};
}

std::string_view first_event(std::string_view events) {
  for (std::size_t at = 0; at < events.size();) {
    const LineEnd line = find_line_end(events, at);
    if (line.next == std::string_view::npos) break;
    if (line.end == at) return events.substr(0, line.next);
    at = line.next;
  }
  return events;
}

std::string_view event_data(std::string_view event) {
  std::string_view data;
  for (std::size_t at = 0; at < event.size();) {
    const auto [line, next] = line_at(event, at);
    if (line.starts_with("data:")) {
      if (!data.empty()) return event;
      data = line.substr(5);
    }
    at = next;
  }
  return data;
}

}  // namespace redoubt::gateway
