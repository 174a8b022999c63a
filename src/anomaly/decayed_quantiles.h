// Quantiles of a positive quantity, old observations fading, in 120 bytes: counts in buckets whose bounds grow by a
// factor, as in DDSketch (Masson, Rim and Lee, VLDB 2019), so each quantile is right to one part in nine of its value.
//
//   DecayedQuantiles sizes;
//   sizes.add(4096);
//   if (size > 4 * sizes.quantile(0.99)) …
//   sizes.halve();                              // once a half-life, see DecayClock
//
// 56 buckets span a factor of 260,000. When something larger comes, the span moves up, and what falls out below is
// counted in the lowest bucket: upper quantiles keep their precision. Zero and what is negative count as zero. Plain
// data: stored as its bytes (little-endian). One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/clock.h"

namespace redoubt::anomaly {

struct DecayedQuantiles {
  static constexpr std::size_t kBuckets = 56;
  static constexpr double kFactor = 1.25;
  static constexpr std::uint16_t kUnit = 16;  // an observation counts so much: it can be halved four times
  static constexpr int kBucketMin = -3'500;   // 1.25^-3500 and 1.25^3180 are about the least and largest doubles
  static constexpr int kBucketMax = 3'200;

  std::array<std::uint16_t, kBuckets> counts{};
  std::uint16_t zeros = 0;
  std::int16_t lowest = 0;  // bucket i is for values in [kFactor^(lowest + i), kFactor^(lowest + i + 1))
  std::uint32_t total = 0;  // of counts and zeros

  // Values that are not finite are passed over.
  void add(double value) {
    if (!std::isfinite(value)) return;
    std::uint16_t& count = value <= 0 ? zeros : counts[bucket(value)];
    if (count > 0xFFFF - kUnit) halve();
    count = static_cast<std::uint16_t>(count + kUnit);
    total += kUnit;
  }

  // Everything so far counts half from now on.
  void halve() {
    total = 0;
    for (std::uint16_t& count : counts) total += count /= 2;
    total += zeros /= 2;
  }

  // Observations that still count.
  double weight() const { return static_cast<double>(total) / kUnit; }

  // The value that a share `q` (in [0, 1]) of the observations is not above; 0 without any.
  double quantile(double q) const {
    if (total == 0) return 0;
    double left = std::clamp(q, 0.0, 1.0) * total - zeros;
    if (left <= 0 && zeros > 0) return 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (counts[i] == 0) continue;
      last = i;
      left -= counts[i];
      if (left <= 0) break;
    }
    return middle(last);
  }

  // The share of the observations that are less than `value`, its own bucket counted by half; 0.5 without any.
  double rank(double value) const {
    if (total == 0 || std::isnan(value)) return 0.5;
    if (value <= 0) return 0.5 * zeros / total;
    const int at = bucket_of(value) - lowest;
    double below = zeros;
    for (int i = 0; i < static_cast<int>(kBuckets); ++i) {
      if (i < at) below += counts[static_cast<std::size_t>(i)];
      if (i == at) below += 0.5 * counts[static_cast<std::size_t>(i)];
    }
    return below / total;
  }

  // Whether stored bytes can be one.
  bool valid() const {
    std::uint32_t sum = zeros;
    for (const std::uint16_t count : counts) sum += count;
    return sum == total && lowest >= kBucketMin && lowest <= kBucketMax;
  }

  friend bool operator==(const DecayedQuantiles&, const DecayedQuantiles&) = default;

 private:
  static int bucket_of(double value) {
    const double at = std::floor(std::log(value) / std::log(kFactor));
    return static_cast<int>(std::clamp(at, double{kBucketMin}, double{kBucketMax}));
  }
  double middle(std::size_t i) const {  // the geometric one, so that the relative error is the same either way
    return std::pow(kFactor, lowest + static_cast<int>(i) + 0.5);
  }
  std::size_t bucket(double value) {
    const int at = bucket_of(value);
    if (total == zeros) {  // the first: what comes next is as likely above as below
      counts.fill(0);
      lowest = static_cast<std::int16_t>(std::clamp(at - static_cast<int>(kBuckets) / 2, kBucketMin, kBucketMax));
    }
    const int above = at - lowest - static_cast<int>(kBuckets) + 1;
    if (above > 0) move_up(static_cast<std::size_t>(above));
    return static_cast<std::size_t>(std::max(at - lowest, 0));
  }
  void move_up(std::size_t steps) {
    std::array<std::uint16_t, kBuckets> moved{};
    for (std::size_t i = 0; i < kBuckets; ++i) {
      std::uint16_t& to = moved[i > steps ? i - steps : 0];
      const std::uint32_t sum = std::uint32_t{to} + counts[i];
      total -= sum > 0xFFFF ? sum - 0xFFFF : 0;
      to = static_cast<std::uint16_t>(std::min<std::uint32_t>(sum, 0xFFFF));
    }
    counts = moved;
    lowest = static_cast<std::int16_t>(lowest + static_cast<int>(steps));
  }
};

static_assert(sizeof(DecayedQuantiles) == 120 && std::is_trivially_copyable_v<DecayedQuantiles>);

// Counts half-lives that have passed, for whatever fades: 4 bytes. A clock that goes back makes nothing fade and
// nothing come back; one that jumps ahead (or a long silence) is at most kJump half-lives, so that a wrong clock cannot
// make everything forgotten at once.
struct DecayClock {
  static constexpr unsigned kJump = 4;

  std::uint32_t period = 0;  // the last one seen, plus one; 0: none

  // How often to halve now. `half_life_ms`: above 0.
  unsigned due(UnixMillis now, std::int64_t half_life_ms) {
    if (now.value < 0) return 0;
    const auto current = static_cast<std::uint32_t>(std::min<std::int64_t>(now.value / half_life_ms, 0xFFFF'FFFE) + 1);
    // Further back than late records come: the clock was ahead, and is right again.
    if (period == 0 || (current < period && period - current > kJump)) period = current;
    if (current <= period) return 0;
    const std::uint32_t passed = current - period;
    period = current;
    return std::min(passed, kJump);
  }

  friend bool operator==(const DecayClock&, const DecayClock&) = default;
};

static_assert(sizeof(DecayClock) == 4 && std::is_trivially_copyable_v<DecayClock>);

}  // namespace redoubt::anomaly
