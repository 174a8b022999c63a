// Server-sent events on their way through: passes whole events, stops before `data: [DONE]`, and blanks comments that
// would pass for Redoubt's own.
//
// The end mark of a stream may leave only after the outcome is durable, so the relay holds it back, however it is cut
// into pieces. Lines end in LF, CR or CRLF (WHATWG HTML, "Server-sent events", parsing an event stream). Clients differ
// in what they take for the end mark; so whatever one of them might take for it, with blanks around `data:`, a byte
// order mark in front or text behind `[DONE]`, counts as one.
//
// The receipt leaves in a comment, `: redoubt-receipt …`, and no upstream may forge one. So each byte of a comment with
// `redoubt-` in it, in any case, becomes a colon: still a comment, of the same length, that says nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::gateway {

class SseRelay {
 public:
  static constexpr std::size_t kMaxEventBytes = 1024 * 1024;

  // Takes the next bytes of the upstream. Returns the complete events that may pass, valid until the next call; bytes
  // of an unfinished event wait. After done() nothing passes any more. kTooLarge when an event exceeds kMaxEventBytes;
  // not to be called again then.
  Result<std::string_view> feed(std::string_view piece);

  // At the upstream's end: what still waits, which may pass. An end mark without its empty line counts as one.
  std::string_view end();

  // Whether the end mark has come (and been held back).
  bool done() const { return done_; }

  // The data of the last event that passed with a `usage` member in it, to be parsed at the end; empty when none did.
  std::string_view usage_data() const { return usage_data_; }

 private:
  void look_at(std::span<char> event);

  std::string buffer_;  // passed_ bytes that went out at the last call, then the unfinished event
  std::size_t passed_ = 0;
  std::size_t line_start_ = 0;  // in buffer_, of the line that is not yet complete
  std::size_t searched_ = 0;    // up to where that line was searched for its end
  std::string usage_data_;
  bool done_ = false;
};

// The line that begins at `at`, without its end, without blanks and a byte order mark in front (as the most lenient
// client reads it); and where the next one begins.
struct EventLine {
  std::string_view text;
  std::size_t next = 0;
};
EventLine line_at(std::string_view event, std::size_t at);

// Of whole events: the first one, with the empty line that ends it.
std::string_view first_event(std::string_view events);
// The event's data when that is one line, as the API's events have it; the event itself when it is several; empty when
// there is none.
std::string_view event_data(std::string_view event);

}  // namespace redoubt::gateway
