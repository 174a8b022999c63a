// Notices that somebody is to be told, and of which it is not on record yet what became of them: for each endpoint one
// thing to be done. Bounded; nothing here waits or sends. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "incident/notices.h"
#include "notify/notice.h"
#include "notify/wire.h"

namespace redoubt::app {

class UntoldNotices {
 public:
  static constexpr std::size_t kMax = 4096;                      // endpoints to be told something
  static constexpr unsigned kAttemptsMax = 32;                   // of each that are believed
  static constexpr std::int64_t kPatienceMs = 70LL * 60 * 1000;  // more than a notifier tries

  // Whether a further notice should be taken on.
  bool room() const { return waiting_ < kMax; }
  std::size_t waiting() const { return waiting_; }
  bool has(std::string_view notice) const { return notices_.contains(notice); }

  // `endpoints` are not empty, and the notice is not there yet.
  void add(notify::Notice notice, const std::vector<std::string>& endpoints, UnixMillis now);

  // A notice that no notifier has been given; null: there is none. Valid until the next call that is not const.
  const notify::Notice* next() const;
  // What is to be given of it.
  notify::Order order() const;
  void handed_over();
  // There is another notifier, which knows of nothing.
  void begin_again();

  // What became of one attempt, for the record; nothing when it is about what nobody asked for, or is no further one.
  std::optional<incident::NoticeAttempt> take(const notify::Word& word);
  // Gives up what has waited for too long, and what is for other endpoints than these: for the record.
  std::vector<incident::NoticeAttempt> give_up(UnixMillis now);
  std::vector<incident::NoticeAttempt> keep_only(const std::vector<std::string>& endpoints, std::string_view why);
  // Its end is on record: it is forgotten.
  void recorded(const incident::NoticeAttempt& attempt);

 private:
  struct Way {
    unsigned attempts = 0;
    bool ended = false;  // on its way onto the record
  };
  struct Untold {
    notify::Notice notice;
    std::map<std::string, Way, std::less<>> ways;  // by endpoint
    UnixMillis since;
  };
  incident::NoticeAttempt attempt_of(const Untold& untold, const std::string& endpoint, const Way& way) const;

  std::map<std::string, Untold, std::less<>> notices_;  // by id
  std::vector<std::string> to_hand_;                    // ids, the last first
  std::size_t waiting_ = 0;
};

}  // namespace redoubt::app
