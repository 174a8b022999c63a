// Which sealed requests were served, so that none is served twice (RFC 9458 §6.5): by the encapsulated key, which each
// has of its own, within the time that a request is good for by the date inside it.
//
// Of what is older than that nothing needs to be remembered: its date refuses it. What is remembered is never given up
// for something newer: when there is no place, nothing new is served. The wall clock of this object never goes back, so
// setting it back brings nothing again.
//
// Any thread; all cores share one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "base/clock.h"
#include "crypto/hpke.h"

namespace redoubt::gateway {

class SeenRequests {
 public:
  // A request is good from so long before the date in it until so long after.
  static constexpr std::int64_t kWindowMs = 120'000;
  static constexpr std::size_t kMax = 524'288;  // about 50 MiB; 2,184 a second for as long as it takes

  enum class Answer : std::uint8_t { kNew, kSeen, kOutside, kFull };

  explicit SeenRequests(std::size_t max = kMax) : max_(max) {}

  bool in_time(UnixMillis date, UnixMillis now);
  // Only for a request whose date was sealed with it. kNew: it is remembered from now on, and may be served.
  Answer remember(const crypto::X25519PublicKey& encapsulated_key, UnixMillis date, UnixMillis now);

 private:
  bool is_good(UnixMillis date, UnixMillis now);  // with mutex_ held, as all below

  const std::size_t max_;
  std::mutex mutex_;
  UnixMillis latest_{};  // wall clock
  // By the minute of the date, which is the same whenever a request comes again.
  std::map<std::int64_t, std::set<crypto::X25519PublicKey>> by_minute_;
  std::size_t size_ = 0;
};

}  // namespace redoubt::gateway
