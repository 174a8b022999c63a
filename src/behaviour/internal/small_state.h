// The small parts that profiles are made of: plain data without padding, so that a profile is stored as its bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "anomaly/robust.h"
#include "base/clock.h"

namespace redoubt::behaviour {

inline constexpr std::int64_t kSecondMs = 1000;
inline constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
inline constexpr std::int64_t kHourMs = 60 * kMinuteMs;
inline constexpr std::int64_t kDayMs = 24 * kHourMs;

// Seconds since 1970 in 32 bits (until 2106).
inline std::uint32_t seconds_of(std::int64_t ms) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms / kSecondMs, 0, 0xffff'ffff));
}

inline bool is_amount(float value) {
  return std::isfinite(value) && value >= 0 && value <= 1e18F;
}

// How many there were lately: each counts half after a half-life. A steady stream of N in a half-life reads 1.44 N.
struct RecentCount {
  float value = 0;
  std::uint32_t last_s = 0;

  float at(std::int64_t now_ms, float half_life_s) const {
    const std::uint32_t now = seconds_of(now_ms);
    if (is_ahead(now)) return 0;
    if (value == 0 || now <= last_s) return value;
    const float halves = static_cast<float>(now - last_s) / half_life_s;
    return halves > 40 ? 0 : value * std::exp2(-halves);
  }
  float add(std::int64_t now_ms, float half_life_s, float amount = 1) {
    value = std::min(at(now_ms, half_life_s) + amount, 1e15F);
    const std::uint32_t now = seconds_of(now_ms);
    last_s = is_ahead(now) ? now : std::max(last_s, now);
    return value;
  }
  // The clock was set back since: what was counted then was not lately.
  bool is_ahead(std::uint32_t now_s) const { return last_s > now_s && last_s - now_s > 3600; }
  bool valid() const { return is_amount(value); }
};

// Drift of a daily amount away from a reference that follows slowly: the sum of what exceeds it (Page, 1954), on days
// that had something. The reference is learnt from the first kWarmUp days, then slowly, and eight times slower still
// while the sum rises, so that a ramp is not its own excuse.
struct DailyDrift {
  static constexpr float kWarmUp = 7;
  static constexpr float kSlack = 0.75F;
  static constexpr float kBound = 6;
  static constexpr float kLeastSpread = 0.3F;  // a third more or less is nothing

  float reference = 0;  // on log_scale
  float spread = 0;
  float above = 0;   // the sum, at most 100
  float weight = 0;  // days, at most 60

  bool raised() const { return weight >= kWarmUp && above >= kBound; }
  // How often the reference the value is.
  float ratio(double amount) const {
    return static_cast<float>(std::exp(std::min(anomaly::log_scale(amount) - static_cast<double>(reference), 60.0)));
  }
  void learn(double amount) {
    const auto value = static_cast<float>(anomaly::log_scale(amount));
    const float residual = value - reference;
    const float scale = std::max(spread, kLeastSpread) * std::sqrt(1 + kWarmUp / std::max(weight, 1.0F));
    if (weight >= kWarmUp) above = std::clamp(above + std::clamp(residual / scale, -3.0F, 3.0F) - kSlack, 0.0F, 100.0F);
    float gain = 1 / (std::min(weight, 60.0F) + 1);
    if (weight >= kWarmUp) gain /= above > kBound / 4 ? 24 : 3;
    if (weight == 0) {
      reference = value;
    } else {
      const float pulled = weight >= kWarmUp ? std::clamp(residual, -2 * scale, 2 * scale) : residual;
      reference += gain * pulled;
      spread += gain * (1.2533F * std::abs(pulled) - spread);
    }
    weight = std::min(weight + 1, 60.0F);
  }
  bool valid() const {
    return std::isfinite(reference) && std::abs(reference) < 100 && std::isfinite(spread) && spread >= 0 &&
           spread < 100 && above >= 0 && above <= 100 && weight >= 0 && weight <= 60;
  }
};

// The last 14 active days of one quantity, to see a steady rise: a slope that the scatter does not explain.
struct Ramp {
  static constexpr std::size_t kDays = 14;
  std::array<std::int16_t, kDays> days{};  // 1/512 of log_scale, oldest first
  std::uint16_t size = 0;
  std::uint16_t reserved = 0;

  void learn(double amount) {
    const auto value = static_cast<std::int16_t>(std::lround(std::clamp(anomaly::log_scale(amount), 0.0, 60.0) * 512));
    if (size == kDays) {
      std::copy(days.begin() + 1, days.end(), days.begin());
      days[kDays - 1] = value;
    } else {
      days[size++] = value;
    }
  }
  struct Slope {
    double growth = 0;  // of the fitted line over the whole span, on log_scale
    double t = 0;       // the slope in its standard errors
  };
  Slope slope() const {
    if (size < kDays) return {};
    constexpr double kN = kDays;
    double mean = 0;
    for (const std::int16_t day : days) mean += day / 512.0 / kN;
    double sxy = 0;
    double sxx = 0;
    for (std::size_t i = 0; i < kDays; ++i) {
      const double x = static_cast<double>(i) - (kN - 1) / 2;
      sxy += x * (days[i] / 512.0 - mean);
      sxx += x * x;
    }
    const double b = sxy / sxx;
    double rest = 0;
    for (std::size_t i = 0; i < kDays; ++i) {
      const double x = static_cast<double>(i) - (kN - 1) / 2;
      const double e = days[i] / 512.0 - mean - b * x;
      rest += e * e;
    }
    // A scatter of a twentieth at least: what a machine repeats exactly has none.
    const double error = std::sqrt(std::max(rest / (kN - 2), 0.0025) / sxx);
    return {.growth = b * (kN - 1), .t = b / error};
  }
  bool valid() const {
    return size <= kDays && reserved == 0 &&
           std::all_of(days.begin(), days.end(), [](std::int16_t d) { return d >= 0; });
  }
};

// Things that someone has used, by keyed hash: a Bloom filter of 256 bits and two positions. It never forgets, and errs
// on the quiet side: what is new may pass for known (one in 30 with twenty things, one in four with fifty), never the
// other way round.
struct SeenSet {
  std::array<std::uint32_t, 8> bits{};

  bool has(std::uint64_t hash) const { return bit(hash & 0xff) && bit((hash >> 8) & 0xff); }
  void add(std::uint64_t hash) {
    set(hash & 0xff);
    set((hash >> 8) & 0xff);
  }
  bool empty() const {
    return std::all_of(bits.begin(), bits.end(), [](std::uint32_t word) { return word == 0; });
  }

 private:
  bool bit(std::uint64_t at) const { return ((bits[at / 32] >> (at % 32)) & 1) != 0; }
  void set(std::uint64_t at) { bits[at / 32] |= 1U << (at % 32); }
};

}  // namespace redoubt::behaviour
