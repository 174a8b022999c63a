// Reads server-sent events as they come (WHATWG HTML, §9.2.6 "Interpreting an event stream"), from a server that need
// not be ours.
//
//   EventReader reader;
//   auto fed = reader.feed(piece, [&](const ServerEvent& event) { …; return true; });
//
// One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::app {

struct ServerEvent {
  std::string id;    // the last one that was named, in this event or an earlier one
  std::string type;  // `event`; empty: not named
  std::string data;  // its lines joined by line ends
};

class EventReader {
 public:
  static constexpr std::size_t kEventMax = 256 * 1024;  // bytes of one event, comments included

  // Takes the next bytes of the stream, however they are cut, and gives each event that they complete to `take`, which
  // returns whether to go on; after a no nothing further is taken. Returns that. An event without data is none.
  // kTooLarge for one that is longer than kEventMax; then no more may be fed.
  using Take = std::function<bool(const ServerEvent& event)>;
  Result<bool> feed(std::string_view piece, const Take& take);

 private:
  void take_line();

  ServerEvent event_;
  std::string line_;
  std::size_t size_ = 0;  // of the event so far
  bool has_data_ = false;
  bool after_cr_ = false;  // a line feed now belongs to the line end before
};

}  // namespace redoubt::app
