// The relay of events: cutting the stream differently changes nothing of what passes; neither an end mark nor a comment
// that would pass for Redoubt's own passes, and all else does as it came. The first byte says how to cut; a naive
// reader says what the lines are.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "gateway/sse_relay.h"

namespace {

using redoubt::gateway::SseRelay;

struct Relayed {
  std::string passed;
  std::string usage;
  bool done = false;
  friend bool operator==(const Relayed&, const Relayed&) = default;
};

// In pieces of `size` bytes. Nothing when an event is too large.
std::optional<Relayed> relay(std::string_view stream, std::size_t size) {
  SseRelay relay;
  Relayed out;
  for (std::size_t at = 0; at < stream.size(); at += size) {
    const auto passing = relay.feed(stream.substr(at, size));
    if (!passing) return std::nullopt;
    out.passed += *passing;
    REDOUBT_CHECK(!relay.done() || relay.feed("data: x\n\n")->empty());
  }
  out.passed += relay.end();
  out.usage = relay.usage_data();
  out.done = relay.done();
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\r' || c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// As WHATWG and the API have it.
bool has_end_mark(std::string_view text) {
  const auto lines = lines_of(text);
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return line == "data: [DONE]" || line == "data:[DONE]"; });
}

// As WHATWG has comments, with any number of spaces.
bool is_our_comment(const std::string& line) {
  std::string text = line;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!text.starts_with(':')) return false;
  const std::size_t start = text.find_first_not_of(' ', 1);
  return start != std::string::npos && text.substr(start).starts_with("redoubt-");
}

// Line by line as it came, or blanked; data never is.
void check_passed(std::string_view stream, std::string_view passed) {
  REDOUBT_CHECK(passed.size() <= stream.size());
  const auto came = lines_of(stream.substr(0, passed.size()));
  const auto went = lines_of(passed);
  REDOUBT_CHECK(came.size() == went.size());
  for (std::size_t i = 0; i < came.size(); ++i) {
    REDOUBT_CHECK(!is_our_comment(went[i]));
    if (went[i] == came[i]) continue;
    REDOUBT_CHECK(went[i] == std::string(came[i].size(), ':'));
    REDOUBT_CHECK(!came[i].starts_with("data"));
  }
}

// Taken one by one, the events are all that passed.
void check_events(std::string_view passed) {
  for (std::string_view rest = passed; !rest.empty();) {
    const std::string_view event = redoubt::gateway::first_event(rest);
    REDOUBT_CHECK(!event.empty() && rest.starts_with(event));
    REDOUBT_CHECK(redoubt::gateway::event_data(event).size() <= event.size());
    rest.remove_prefix(event.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = relay(stream, std::max<std::size_t>(stream.size(), 1));
  REDOUBT_CHECK(relay(stream, 1) == whole);
  REDOUBT_CHECK(relay(stream, 1 + data[0]) == whole);
  if (!whole) return 0;
  check_passed(stream, whole->passed);
  check_events(whole->passed);
  REDOUBT_CHECK(!has_end_mark(whole->passed));
  REDOUBT_CHECK(whole->done || whole->passed.size() == stream.size());
  REDOUBT_CHECK(whole->done || !has_end_mark(stream));
  return 0;
}
