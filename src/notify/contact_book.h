// Who is told what, and who else when nobody answers.
//
//   ContactBook book(settings);
//   for (const std::string& endpoint : book.tell(notice, now)) …   // now
//   book.acknowledge(incident);                                     // somebody has taken it
//   for (const Escalation& each : book.escalate(now)) …             // nobody has, in time
//
// What is waited for is in memory alone: whoever starts anew tells again what is open and unacknowledged, or leaves it.
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "notify/lane.h"
#include "notify/notice.h"
#include "notify/settings.h"

namespace redoubt::notify {

inline constexpr std::size_t kAwaitedMax = 10'000;  // escalations that may be needed; further ones are not waited for

struct Escalation {
  Notice notice;  // of kind kUnacknowledged
  std::vector<std::string> endpoints;
};

class ContactBook {
 public:
  explicit ContactBook(NotifySettings settings) : settings_(std::move(settings)) {}

  // The endpoints of all rules that it meets, each once. An incident's end ends the waiting for it.
  std::vector<std::string> tell(const Notice& notice, LaneTime now);
  void acknowledge(std::string_view incident);
  // Those whose time has come, each once. An escalation has an id of its own, made of the notice's.
  std::vector<Escalation> escalate(LaneTime now, UnixMillis wall);

  // Those of the contacts that have one of these roles, each once.
  std::vector<std::string> endpoints_of(const std::vector<std::string>& roles) const;

  std::size_t awaited() const;
  const NotifySettings& settings() const { return settings_; }

 private:
  struct Awaited {
    Notice notice;
    std::size_t rule = 0;
    LaneTime due;
  };

  NotifySettings settings_;
  std::multimap<std::string, Awaited, std::less<>> awaited_;  // by incident, once for each rule
};

}  // namespace redoubt::notify
