#include "notify/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace redoubt::notify {

LaneLimits limits_of(EndpointType type) {
  LaneLimits out;
  if (type == EndpointType::kSlack) out.pace = std::chrono::milliseconds(1100);
  return out;
}

std::optional<Attempt> Lane::offer(Notice notice, LaneTime now) {
  const auto dropped = [](Notice which) {
    const UnixMillis time = which.time;
    return Attempt{.notice = std::move(which),
                   .endpoint = {},
                   .number = 0,
                   .outcome = Outcome::kDropped,
                   .why = "too many notices wait for the endpoint",
                   .time = time};
  };
  std::optional<Attempt> out;
  if (waiting_.size() >= limits_.waiting) {
    const auto least = std::min_element(waiting_.begin(), waiting_.end(), [](const Waiting& a, const Waiting& b) {
      return a.notice.severity < b.notice.severity;
    });
    if (least == waiting_.end() || least->notice.severity >= notice.severity) return dropped(std::move(notice));
    out = dropped(std::move(least->notice));
    waiting_.erase(least);
  }
  waiting_.push_back({.notice = std::move(notice), .offered = now, .next = now, .delay = limits_.first_delay});
  return out;
}

const Notice* Lane::take(LaneTime now) {
  if (sending_ || now < paced_) return nullptr;
  const auto due = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& each) {
    return each.next <= now && now - each.offered < limits_.deadline;
  });
  if (due == waiting_.end()) return nullptr;
  sending_ = std::move(*due);
  waiting_.erase(due);
  ++sending_->attempts;
  return &sending_->notice;
}

Attempt Lane::done(const Answer& answer, LaneTime now, UnixMillis wall) {
  REDOUBT_CHECK(sending_.has_value());
  Waiting each = *std::exchange(sending_, std::nullopt);
  paced_ = now + limits_.pace;
  Attempt out{.notice = each.notice,
              .endpoint = {},
              .number = each.attempts,
              .outcome = Outcome::kDelivered,
              .why = {},
              .time = wall};
  if (answer.delivered) return out;
  out.outcome = Outcome::kGivenUp;
  out.why = answer.why;
  if (!answer.again || each.attempts >= limits_.attempts) return out;
  const std::chrono::milliseconds asked =
      std::min(answer.after.value_or(std::chrono::milliseconds(0)), limits_.deadline);
  each.next = now + std::max(jittered(each.delay), asked);
  each.delay = std::min(each.delay * 2, limits_.longest_delay);
  if (each.next - each.offered >= limits_.deadline) return out;
  out.outcome = Outcome::kDelayed;
  waiting_.push_back(std::move(each));
  return out;
}

std::optional<Attempt> Lane::expired(LaneTime now, UnixMillis wall) {
  const auto old = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Waiting& each) { return now - each.offered >= limits_.deadline; });
  if (old == waiting_.end()) return std::nullopt;
  Attempt out{.notice = std::move(old->notice),
              .endpoint = {},
              .number = old->attempts,
              .outcome = Outcome::kGivenUp,
              .why = "its time was over before the endpoint took it",
              .time = wall};
  waiting_.erase(old);
  return out;
}

std::optional<LaneTime> Lane::wake_at() const {
  if (sending_ || waiting_.empty()) return std::nullopt;
  LaneTime out = LaneTime::max();
  for (const Waiting& each : waiting_) {
    out = std::min({out, std::max(each.next, paced_), each.offered + limits_.deadline});
  }
  return out;
}

std::chrono::milliseconds Lane::jittered(std::chrono::milliseconds most) {
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
}

}  // namespace redoubt::notify
