#include "redoubt/throttled_limits.h"

#include <algorithm>

namespace redoubt::app {

limits::Limits throttled(limits::Limits limits, const incident::Restrictions& restrictions, UnixMillis now) {
  for (const incident::Response& response : restrictions.throttles(now)) {
    const incident::Target& target = response.action.target;
    const bool is_key = target.type == incident::TargetType::kKey;
    limits::Limit wanted{.id = "response." + response.id,
                         .subject_type = is_key ? limits::SubjectType::kKey : limits::SubjectType::kPrincipal,
                         .subject = target.name,
                         .quantity = limits::Quantity::kRequests,
                         .bucket = true,
                         .period = limits::Period::kMinute,
                         .amount = response.action.per_minute};
    // What holds now: a limit of its own, or else the one that each has, which one of its own would take the place of.
    const limits::Limit* const own = limits.taken(wanted);
    limits::Limit each = wanted;
    each.subject = limits::kEach;
    const limits::Limit* const there = own != nullptr ? own : limits.taken(each);
    if (there != nullptr && there->amount <= wanted.amount) continue;
    if (there != nullptr) wanted.burst = std::min(there->burst, wanted.amount);
    if (own != nullptr) {
      wanted.id = own->id;
      wanted.version = own->version;
    }
    limits = limits.with(std::move(wanted));
  }
  return limits;
}

}  // namespace redoubt::app
