// What people are told by the outside: one message about one incident, and what became of sending it.
//
// Values: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace redoubt::notify {

enum class Severity : std::uint8_t { kLow, kMedium, kHigh, kCritical };
std::string_view to_string(Severity severity);  // `low`, `medium`, `high`, `critical`
std::optional<Severity> parse_severity(std::string_view text);

enum class NoticeKind : std::uint8_t {
  kIncidentOpened,
  kIncidentWorse,   // a higher severity than before
  kResponseWaits,   // somebody must accept or refuse it
  kDeadlineNear,    // of a regulatory clock
  kDeadlineOver,    // likewise
  kUnacknowledged,  // nobody has taken it: escalation
  kIncidentClosed,
  kPlaybookActed,  // it did something, or proposed it
  kTest,           // somebody tries an endpoint
};
inline constexpr std::size_t kNoticeKinds = 9;
// `incident_opened`, `incident_worse`, `response_waits`, `deadline_near`, `deadline_over`, `unacknowledged`,
// `incident_closed`, `playbook_acted`, `test`
std::string_view to_string(NoticeKind kind);
std::optional<NoticeKind> parse_notice_kind(std::string_view text);

// Texts may come from an attacker: they are made harmless where a message is written (message.h), and cut to what the
// receiver takes. They hold no content of requests.
struct Notice {
  std::string id;        // 16 hexadecimal digits, of its own; the same for each endpoint and each attempt
  std::string incident;  // id: further notices of one incident belong together
  NoticeKind kind = NoticeKind::kTest;
  Severity severity = Severity::kLow;
  std::string tenant;                                        // may be empty
  std::string title;                                         // one line
  std::string text;                                          // may be empty
  std::vector<std::pair<std::string, std::string>> details;  // at most kDetailsMax; names of a-z 0-9 _
  std::string link;                                          // to the console; may be empty
  bool exercise = false;
  UnixMillis time;
};
inline constexpr std::size_t kDetailsMax = 32;

enum class Outcome : std::uint8_t {
  kDelivered,  // the receiver has taken it
  kDelayed,    // it has not, and it is tried again
  kGivenUp,    // it has not, and it is not tried again
  kDropped,    // it was never tried: there was no room
};
std::string_view to_string(Outcome outcome);  // `delivered`, `delayed`, `given_up`, `dropped`
std::optional<Outcome> parse_outcome(std::string_view text);

// One attempt. `why` names no secret, and neither address nor answer of the receiver.
struct Attempt {
  Notice notice;
  std::string endpoint;
  unsigned number = 0;  // from 1; 0: dropped
  Outcome outcome = Outcome::kDelivered;
  std::string why;  // empty when it is delivered
  UnixMillis time;
};

}  // namespace redoubt::notify
