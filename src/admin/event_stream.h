// Streams of server-sent events (WHATWG HTML, "Server-sent events"): what an operation gives that tells of things as
// they come. The stream itself is served once for all of them (internal/event_stream.h): heartbeats, the end of the
// reader's rights, and its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/problem.h"
#include "base/result.h"

namespace redoubt::admin {

struct Call;

inline constexpr std::size_t kMaxStreams = 32;            // of all kinds, at a time; further ones are refused
inline constexpr std::size_t kEventsAtOnce = 256;         // between two writes
inline constexpr std::int64_t kStreamLifeMs = 3'600'000;  // then it ends, and the reader comes back

// The events that one reader is sent. One thread, that of the engine. `call` is the one that began the stream.
class EventSource {
 public:
  virtual ~EventSource() = default;

  // Goes to the place behind the event that the reader saw last (`Last-Event-ID`, or `after` of the query; empty:
  // behind all that is there now). Once, first. What hinders it.
  virtual std::optional<Problem> begin(Call& call, std::string_view last) = 0;
  // Appends the events that come next, at most kEventsAtOnce, to `out`. Whether there may be more already; they may not
  // be there to be read yet. An error ends the stream.
  virtual Result<bool> append(Call& call, std::string& out) = 0;
};

template <class Source>
std::unique_ptr<EventSource> make_event_source() {
  return std::make_unique<Source>();
}

}  // namespace redoubt::admin
