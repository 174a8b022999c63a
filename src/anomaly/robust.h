// Centre, spread and robust z of one quantity, learnt as it comes: 12 bytes.
//
//   RobustLevel level;
//   const double z = level.z(log_scale(bytes), 0.1);   // how unusual, before it is learnt
//   level.learn(log_scale(bytes));
//
// What is far out is pulled in before it is learnt (Huber, "Robust estimation of a location parameter", 1964), so one
// huge value moves the centre no more than one of three spreads. Who moves the centre slowly on purpose is for
// `Cusum` (cusum.h). Plain data: copied, compared and stored as its bytes (little-endian). One thread at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace redoubt::anomaly {

// Counts, sizes and times range over many powers of ten: their logarithms are what is nearly normal. Odd, monotonic,
// finite for every finite `value`, and 0 of 0; a factor of e is 1 for values far above 1. Not a number gives 0.
inline double log_scale(double value) {
  if (std::isnan(value)) return 0;
  const double finite = std::clamp(value, -1e300, 1e300);
  return std::copysign(std::log1p(std::abs(finite)), finite);
}
// Its inverse, limited to e^300.
inline double from_log_scale(double value) {
  return std::copysign(std::expm1(std::min(std::abs(value), 300.0)), value);
}

// How many spreads `value` is from `centre`; a spread below `floor` (above 0) counts as `floor`. Within ±1e6; 0 if any
// of them is not a number.
inline double robust_z(double value, double centre, double spread, double floor) {
  const double z = (value - centre) / std::max({spread, floor, 1e-12});
  return std::isnan(z) ? 0 : std::clamp(z, -1e6, 1e6);
}

struct RobustLevel {
  // Weight never exceeds this: it forgets with a half-life of about 0.7 times as many observations.
  static constexpr std::uint16_t kWeightMax = 256;
  // Observations until a spread is believed by half.
  static constexpr double kCaution = 8;

  float centre = 0;
  float spread = 0;  // like a standard deviation: 1.2533 times the mean absolute residual, of residuals pulled in
  std::uint16_t weight = 0;  // observations, at most kWeightMax
  std::uint16_t reserved = 0;

  // How sure it is: 0 before anything is learnt, towards 1.
  double confidence() const { return weight / (weight + kCaution); }

  // How many spreads `value` is from the centre. It starts cautious: a spread learnt from few observations is widened.
  // `floor`: the least spread that means anything, above 0. 0 before two observations.
  double z(double value, double floor) const {
    if (weight < 2) return 0;
    const double widened = std::max<double>(spread, floor) * std::sqrt(1 + kCaution / weight);
    return robust_z(value, centre, widened, floor);
  }

  // Values that are not finite are passed over.
  void learn(double value) {
    if (!std::isfinite(value) || std::abs(value) > 1e30) return;
    const double gain = 1.0 / (std::min<unsigned>(weight, kWeightMax - 1U) + 1.0);
    if (weight == 0) {
      centre = static_cast<float>(value);
    } else {
      double residual = value - centre;
      if (weight >= 8 && spread > 0) residual = std::clamp(residual, -3.0 * spread, 3.0 * spread);
      centre = static_cast<float>(centre + gain * residual);
      // The first residual is of one observation against another, which is wider than against their mean.
      const double seen = 1.2533 * std::abs(residual);
      spread = static_cast<float>(weight == 1 ? seen / std::sqrt(2.0) : spread + gain * (seen - spread));
    }
    weight = std::min<std::uint16_t>(static_cast<std::uint16_t>(weight + 1), kWeightMax);
  }

  // Whether stored bytes can be one: finite, spread not negative, weight within its bound.
  bool valid() const { return std::isfinite(centre) && std::isfinite(spread) && spread >= 0 && weight <= kWeightMax; }

  friend bool operator==(const RobustLevel&, const RobustLevel&) = default;
};

static_assert(sizeof(RobustLevel) == 12 && std::is_trivially_copyable_v<RobustLevel>);

}  // namespace redoubt::anomaly
