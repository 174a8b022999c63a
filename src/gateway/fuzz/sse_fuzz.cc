// The relay of events: cutting the stream differently changes nothing of what passes, and no end mark passes. The first
// byte says how to cut; a naive reader of lines says where the first end mark is.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// Whether a line of the text is the end mark as WHATWG and the API have it.
bool has_end_mark(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\r' && c != '\n') {
      line += c;
      continue;
    }
    if (line == "data: [DONE]" || line == "data:[DONE]") return true;
    line.clear();
  }
  return line == "data: [DONE]" || line == "data:[DONE]";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = relay(stream, std::max<std::size_t>(stream.size(), 1));
  REDOUBT_CHECK(relay(stream, 1) == whole);
  REDOUBT_CHECK(relay(stream, 1 + data[0]) == whole);
  if (!whole) return 0;
  REDOUBT_CHECK(stream.starts_with(whole->passed));
  REDOUBT_CHECK(!has_end_mark(whole->passed));
  REDOUBT_CHECK(whole->done || whole->passed == stream);
  REDOUBT_CHECK(whole->done || !has_end_mark(stream));
  return 0;
}
