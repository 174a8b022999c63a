// Slow drift away from one's own past: a two-sided cumulative sum (Page, "Continuous inspection schemes", 1954) of how
// far values are from a reference that moves very slowly. 24 bytes.
//
//   Cusum drift;
//   drift.learn(log_scale(bytes_out_of_hour));
//   if (drift.raised()) …                       // which way: drift.up() or drift.down()
//
// A baseline that follows what it sees can be led anywhere in small steps. The sum cannot: each step away counts, and
// is not forgotten before as much comes back. The reference learns from the last kWeightMax observations, pulled in to
// three spreads, and eight times slower while a sum is above half of the bound, so that who ramps up does not make his
// own excuse. What it cannot see is a ramp slower than kSlack spreads per kWeightMax observations (for hourly values a
// spread in 85 days); nothing with a finite memory can do without such a limit.
//
// Feed it a value per step, in a unit in which spread is meaningful: `log_scale` (robust.h) for counts and sizes, or
// the z of a seasonal baseline. Plain data: stored as its bytes (little-endian). One thread at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "anomaly/robust.h"

namespace redoubt::anomaly {

struct Cusum {
  static constexpr std::uint16_t kWeightMax = 1024;  // observations that the reference remembers
  static constexpr std::uint16_t kWarmUp = 24;       // observations that are only learnt
  static constexpr float kSlack = 0.5F;              // spreads that each step may be off: half of the shift looked for
  static constexpr float kBound = 12.0F;             // spreads of sum that raise it
  static constexpr float kLeastSpread = 0.05F;       // on the caller's scale

  float reference = 0;
  float spread = 0;  // as RobustLevel's
  float above = 0;   // the sums, in spreads, at most 8 times kBound
  float below = 0;
  std::uint16_t weight = 0;  // observations, at most kWeightMax
  std::uint16_t reserved = 0;
  std::uint32_t raised_for = 0;  // observations since a sum went above the bound, without a pause

  // How far along either sum is: 1 is raised, at most 8.
  double up() const { return above / kBound; }
  double down() const { return below / kBound; }
  bool raised() const { return above > kBound || below > kBound; }
  // 0 before anything is learnt, towards 1.
  double confidence() const { return weight / (weight + double{kWarmUp}); }

  // Values that are not finite are passed over.
  void learn(double value) {
    if (!std::isfinite(value) || std::abs(value) > 1e30) return;
    if (weight == 0) {
      reference = static_cast<float>(value);
      weight = 1;
      return;
    }
    const double scale = std::max(spread, kLeastSpread);
    // Of a short past neither centre nor spread is known well: the steps count less.
    const double z = robust_z(value, reference, scale * std::sqrt(1 + double{kWarmUp} / weight), kLeastSpread);
    if (weight >= kWarmUp) {
      const double step = std::clamp(z, -4.0, 4.0);  // one value alone never raises it
      above = static_cast<float>(std::clamp(above + step - kSlack, 0.0, 8.0 * kBound));
      below = static_cast<float>(std::clamp(below - step - kSlack, 0.0, 8.0 * kBound));
      raised_for = raised() ? std::min<std::uint32_t>(raised_for, 0xFFFF'FFFEU) + 1 : 0;
    }
    const bool suspicious = std::max(above, below) > kBound / 2;
    const double gain = 1.0 / (std::min<unsigned>(weight, kWeightMax - 1U) + 1.0) / (suspicious ? 8 : 1);
    double residual = value - reference;
    if (weight >= kWarmUp) residual = std::clamp(residual, -3 * scale, 3 * scale);
    reference = static_cast<float>(reference + gain * residual);
    const double seen = 1.2533 * std::abs(residual);
    spread = static_cast<float>(weight == 1 ? seen / std::sqrt(2.0) : spread + gain * (seen - spread));
    weight = std::min<std::uint16_t>(static_cast<std::uint16_t>(weight + 1), kWeightMax);
  }

  // Somebody has looked and finds the new level right: it is what is usual from now on.
  void accept(double level) {
    if (!std::isfinite(level) || std::abs(level) > 1e30) return;
    reference = static_cast<float>(level);
    above = below = 0;
    raised_for = 0;
    weight = std::min(weight, kWarmUp);
  }

  // Whether stored bytes can be one.
  bool valid() const {
    const auto is_sum = [](float sum) { return sum >= 0 && sum <= 8 * kBound; };
    return std::isfinite(reference) && std::isfinite(spread) && spread >= 0 && is_sum(above) && is_sum(below) &&
           weight <= kWeightMax;
  }

  friend bool operator==(const Cusum&, const Cusum&) = default;
};

static_assert(sizeof(Cusum) == 24 && std::is_trivially_copyable_v<Cusum>);

}  // namespace redoubt::anomaly
