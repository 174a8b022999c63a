// A limit as it is applied: what is computed from it once, when it is set.
#pragma once

#include <cstdint>
#include <vector>

#include "limits/limits.h"

namespace redoubt::limits {

// How the 64 bits of a meter are to be read (meter_state.h). Part of a meter's key.
enum class MeterKind : std::uint8_t { kBucket, kMinute, kHour, kDay, kMonth };
inline constexpr std::uint64_t kMeterKinds = 5;

// What the request path reads comes first, in one line of the cache; the limit's texts are for whom it refuses.
struct Rule {
  std::uint64_t amount = 0;
  Quantity quantity = Quantity::kRequests;
  MeterKind kind = MeterKind::kMinute;
  unsigned shape = 0;              // quantity, bucket or not, and period in one number below kShapes
  std::uint64_t period_ns = 0;     // of a bucket
  std::uint64_t tolerance_ns = 0;  // of a bucket: how far it may be drawn upon at once
  Limit limit;
};

inline constexpr unsigned kShapes = kQuantities * 2 * kPeriods;
unsigned shape_of(const Limit& limit);

// Precondition: check(limit).
Rule make_rule(Limit limit);

// The rules of one subject, at most one of each shape.
struct SubjectRules {
  std::vector<Rule> rules;
  std::uint64_t shapes = 0;  // bit shape_of() for each
};

// The time that `n` of a bucket's quantity take to flow in, rounded up. Precondition: the amount is not 0.
std::uint64_t refill_ns(const Rule& rule, std::uint64_t n);

}  // namespace redoubt::limits
