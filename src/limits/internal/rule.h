// A limit as it is applied: what is computed from it once, when it is set.
#pragma once

#include <cstdint>

#include "limits/limits.h"

namespace redoubt::limits {

// How the 64 bits of a meter are to be read (meter_state.h).
enum class MeterKind : std::uint8_t { kBucket, kMinute, kHour, kDay, kMonth };

// Small, so that the rules of many subjects lie close together; the limit's texts are for whom it refuses.
struct Rule {
  std::uint64_t amount = 0;
  std::uint64_t period_ns = 0;     // of a bucket
  std::uint64_t tolerance_ns = 0;  // of a bucket: how far it may be drawn upon at once
  const Limit* limit = nullptr;    // what it was made of
  std::uint8_t shape = 0;          // quantity, bucket or not, and period in one number below kShapes
  Quantity quantity = Quantity::kRequests;
  MeterKind kind = MeterKind::kMinute;
};

inline constexpr unsigned kShapes = kQuantities * 2 * kPeriods;
std::uint8_t shape_of(const Limit& limit);
// Precondition: below kShapes.
MeterKind kind_of(std::uint8_t shape);

// Preconditions: check(limit), and it outlives the rule.
Rule make_rule(const Limit& limit);

// The time that `n` of a bucket's quantity take to flow in, rounded up. Precondition: the amount is not 0.
std::uint64_t refill_ns(const Rule& rule, std::uint64_t n);

// Bit shape for each of the rules.
inline std::uint64_t shapes_of(Rules rules) {
  std::uint64_t shapes = 0;
  for (const Rule& rule : rules) shapes |= std::uint64_t{1} << rule.shape;
  return shapes;
}

}  // namespace redoubt::limits
