// Notices on their way to one endpoint: in which order, how fast, how often again, and when no more.
//
//   Lane lane(limits_of(EndpointType::kSlack), seed);
//   lane.offer(notice, now);                       // what found no room comes back
//   while (const Notice* due = lane.take(now)) {   // one at a time
//     …                                            // sent
//     Attempt attempt = lane.done(answer, now);
//   }
//   lane.wake_at();                                // when there is something to do again
//
// What a receiver has not taken is tried again after 1 s, 2 s, 4 s and so on, at most 5 minutes, each time a random
// part of that less (up to all of it: full jitter), so that many do not come at once; after what the receiver asked
// for, when that is longer. Time is that of a clock that does not jump; nothing here waits or sends. One thread at a
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "notify/notice.h"
#include "notify/settings.h"

namespace redoubt::notify {

using LaneTime = std::chrono::steady_clock::time_point;

struct LaneLimits {
  std::size_t waiting = 256;                                   // notices
  std::chrono::milliseconds pace{0};                           // between two attempts, at least
  unsigned attempts = 10;                                      // for each notice
  std::chrono::milliseconds deadline = std::chrono::hours(1);  // from when it was offered
  std::chrono::milliseconds first_delay = std::chrono::seconds(1);
  std::chrono::milliseconds longest_delay = std::chrono::minutes(5);
};
// Slack takes about one message a second.
LaneLimits limits_of(EndpointType type);

// What became of an attempt, as whoever sent it saw it.
struct Answer {
  bool delivered = false;
  bool again = false;                              // worth another attempt
  std::optional<std::chrono::milliseconds> after;  // not before, as the receiver said
  std::string why;                                 // no secret, no address, nothing that the receiver wrote
};

class Lane {
 public:
  Lane(const LaneLimits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}

  // When there is no room the least severe one gives way, the oldest of these: returned as dropped, and maybe the new
  // one itself.
  std::optional<Attempt> offer(Notice notice, LaneTime now);

  // The one to be sent now; null: nothing, or one is under way. Valid until done(). Those whose deadline has passed are
  // given up before: expired().
  const Notice* take(LaneTime now);
  // Of the one taken. `wall` goes into the attempt.
  Attempt done(const Answer& answer, LaneTime now, UnixMillis wall);
  // One whose deadline passed while it waited, or nothing.
  std::optional<Attempt> expired(LaneTime now, UnixMillis wall);

  // When take() or expired() may have something; nothing: not before offer() or done().
  std::optional<LaneTime> wake_at() const;
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Notice notice;
    LaneTime offered;
    LaneTime next;
    unsigned attempts = 0;
    std::chrono::milliseconds delay{0};
  };
  std::chrono::milliseconds jittered(std::chrono::milliseconds most);

  LaneLimits limits_;
  std::mt19937_64 random_;
  std::deque<Waiting> waiting_;  // as they were offered
  std::optional<Waiting> sending_;
  LaneTime paced_{};  // no attempt before
};

}  // namespace redoubt::notify
