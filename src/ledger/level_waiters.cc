#include "ledger/level_waiters.h"

#include <functional>
#include <tuple>

namespace redoubt::ledger {

bool LevelWaiters::Before::operator()(const Waiting& a, const Waiting& b) const {
  const auto place = [](const CommitPoint& point) { return std::tuple(point.log, point.level, point.index.value); };
  if (place(a.point) != place(b.point)) return place(a.point) < place(b.point);
  return std::less<LevelWaiter*>()(a.waiter, b.waiter);
}

Result<> LevelWaiters::add(const CommitPoint& point, LevelWaiter* waiter) {
  if (waiting_.size() >= kMax) return Error(Errc::kResourceExhausted, "too many wait for the ledger's checkpoints");
  waiting_.insert({point, waiter});
  return {};
}

// Both begin anew after each: who is told may change the set.

void LevelWaiters::release(LogNumber log, CommitLevel level, std::uint64_t size) {
  while (!waiting_.empty()) {
    const auto first = waiting_.lower_bound({{.log = log, .level = level}, nullptr});
    if (first == waiting_.end() || first->point.log != log || first->point.level != level) return;
    if (first->point.index.value >= size) return;
    LevelWaiter* const waiter = first->waiter;
    waiting_.erase(first);
    waiter->reached({});
  }
}

void LevelWaiters::end(const Error& why) {
  while (!waiting_.empty()) {
    LevelWaiter* const waiter = waiting_.begin()->waiter;
    waiting_.erase(waiting_.begin());
    waiter->reached(why);
  }
}

}  // namespace redoubt::ledger
