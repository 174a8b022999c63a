#include "gateway/seen_requests.h"

#include <algorithm>

namespace redoubt::gateway {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;

}  // namespace

bool SeenRequests::is_good(UnixMillis date, UnixMillis now) {
  latest_ = std::max(latest_, now);
  const std::int64_t age = latest_.value - date.value;
  return age <= kWindowMs && age >= -kWindowMs;
}

bool SeenRequests::in_time(UnixMillis date, UnixMillis now) {
  const std::lock_guard held(mutex_);
  return is_good(date, now);
}

SeenRequests::Answer SeenRequests::remember(const crypto::X25519PublicKey& encapsulated_key, UnixMillis date,
                                            UnixMillis now) {
  const std::lock_guard held(mutex_);
  if (!is_good(date, now)) return Answer::kOutside;
  // Minutes of which every date is over.
  while (!by_minute_.empty() && (by_minute_.begin()->first + 1) * kMinuteMs <= latest_.value - kWindowMs) {
    size_ -= by_minute_.begin()->second.size();
    by_minute_.erase(by_minute_.begin());
  }
  auto& minute = by_minute_[date.value / kMinuteMs];
  if (minute.contains(encapsulated_key)) return Answer::kSeen;
  if (size_ >= max_) return Answer::kFull;
  minute.insert(encapsulated_key);
  ++size_;
  return Answer::kNew;
}

}  // namespace redoubt::gateway
