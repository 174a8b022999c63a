// What the server and the notifier say to each other, on a pair of sockets that keeps messages apart (SOCK_SEQPACKET):
// a JSON text each.
//
//   server to notifier   Order   tell these endpoints this
//   notifier to server   Word    `ready`: it takes orders, and knows of none so far; `attempt`: what became of one
//   launcher to server   Word    `gone`: there is no notifier, and why
//
// Neither side trusts the other: both parse what strangers send, and may be taken over. Whatever is not understood to
// its last member is kMalformed. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "notify/notice.h"
#include "notify/settings.h"

namespace redoubt::notify {

inline constexpr std::size_t kWireMessageMax = std::size_t{64} * 1024;  // bytes

struct Order {
  Notice notice;
  std::vector<std::string> endpoints;  // names, at most kEndpointsMax
};

struct Word {
  enum class Kind : std::uint8_t { kReady, kAttempt, kGone };
  Kind kind = Kind::kReady;
  // Of an attempt.
  std::string notice;    // id
  std::string endpoint;  // name
  unsigned number = 0;   // as in Attempt
  Outcome outcome = Outcome::kDelivered;
  std::string why;  // also of kGone: one line, at most kWordWhyMax bytes
};
inline constexpr std::size_t kWordWhyMax = 300;

// kTooLarge when it has no room in a message.
Result<std::string> write_order(const Order& order);
std::string write_word(const Word& word);

// kMalformed, kTooLarge.
Result<Order> read_order(std::string_view message);
Result<Word> read_word(std::string_view message);

}  // namespace redoubt::notify
