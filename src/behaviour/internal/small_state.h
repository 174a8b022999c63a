// The small parts that profiles are made of: plain data without padding, so that a profile is stored as its bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
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

// The active days of one quantity, to see a steady rise over a fortnight or over months: the last ones one by one,
// those before them by twos, fours and so on, up to about 265 days in all. A rise is told by the line through the last
// days, for each number of them from 14 on: by how much it rises, and how many of its standard errors that is.
struct Ramp {
  static constexpr std::size_t kLeastDays = 14;
  static constexpr std::size_t kDays = 15;   // one by one: 14 at least, once there are as many
  static constexpr std::size_t kLevels = 7;  // a place of each stands for twice as many days as one of the level before
  static constexpr std::size_t kOfLevel = 3;
  static constexpr std::size_t kPlaces = kDays + (kLevels - 1) * kOfLevel;
  // What is taken for the spread of a day while little is known, on log_scale, as if so many days had shown it.
  static constexpr double kUsualSpread = 0.45;
  static constexpr double kUsualWeight = 6;
  static constexpr double kStep = 512;  // of a place, to one of log_scale

  std::array<std::int16_t, kPlaces> places{};  // means of their days, oldest first
  std::array<std::uint8_t, kLevels> sizes{};   // places of each level, that of single days first
  std::uint8_t reserved = 0;

  std::size_t size() const {
    std::size_t out = 0;
    for (const std::uint8_t each : sizes) out += each;
    return out;
  }
  void learn(double amount) {
    make_room(0);
    const double value = std::clamp(anomaly::log_scale(amount), 0.0, 60.0);
    places[size()] = static_cast<std::int16_t>(std::lround(value * kStep));
    ++sizes[0];
  }

  struct Rise {
    double growth = 0;  // of the line over its days, on log_scale
    double z = 0;       // of its slope, in standard errors
    double days = 0;
  };
  // The steepest, of those that rise by `least_growth` or more; nothing: z is 0.
  Rise rise(double least_growth) const {
    Rise best;
    if (size() < kLeastDays) return best;
    const double spread = day_spread();
    std::size_t at = size();
    double age = 0;  // days between the end and the place's newest
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (std::size_t level = 0; level < kLevels; ++level) {
      const double days = static_cast<double>(std::size_t{1} << level);
      for (std::size_t i = 0; i < sizes[level]; ++i) {
        const double x = -(age + (days - 1) / 2);
        const double y = places[--at] / kStep;
        age += days;
        w += days;
        wx += days * x;
        wy += days * y;
        wxx += days * x * x;
        wxy += days * x * y;
        if (age < kLeastDays) continue;
        const double sxx = wxx - wx * wx / w;
        const double slope = (wxy - wx * wy / w) / sxx;
        const Rise found{slope * (age - 1), slope * std::sqrt(sxx) / spread, age};
        if (found.growth >= least_growth && found.z > best.z) best = found;
      }
    }
    return best;
  }
  // Forgets all but the last days: what was told of the others is not told again.
  void begin_anew() {
    constexpr std::size_t kLeft = 3;
    const std::size_t all = size();
    const std::size_t left = std::min<std::size_t>(kLeft, sizes[0]);
    std::copy(places.begin() + static_cast<std::ptrdiff_t>(all - left),
              places.begin() + static_cast<std::ptrdiff_t>(all), places.begin());
    std::fill(places.begin() + static_cast<std::ptrdiff_t>(left), places.end(), std::int16_t{0});
    sizes = {};
    sizes[0] = static_cast<std::uint8_t>(left);
  }
  bool valid() const {
    if (reserved != 0 || sizes[0] > kDays) return false;
    for (std::size_t level = 1; level < kLevels; ++level) {
      if (sizes[level] > kOfLevel) return false;
    }
    return std::all_of(places.begin(), places.end(), [](std::int16_t place) { return place >= 0; });
  }

 private:
  // From one day to the next, so that a rise does not count as spread.
  double day_spread() const {
    double sum = kUsualWeight * kUsualSpread * kUsualSpread;
    double weight = kUsualWeight;
    const std::size_t all = size();
    for (std::size_t i = all - sizes[0] + 1; i < all; ++i) {
      const double step = std::clamp((places[i] - places[i - 1]) / kStep, -2.0, 2.0);
      sum += step * step / 2;
      ++weight;
    }
    return std::sqrt(sum / weight);
  }
  // Of a level that is full, the oldest two become one of the next; of the last the oldest goes.
  void make_room(std::size_t level) {
    if (sizes[level] < (level == 0 ? kDays : kOfLevel)) return;
    if (level + 1 < kLevels) make_room(level + 1);
    const std::size_t all = size();
    std::size_t first = 0;
    for (std::size_t older = level + 1; older < kLevels; ++older) first += sizes[older];
    if (level + 1 < kLevels) {
      places[first] = static_cast<std::int16_t>((places[first] + places[first + 1]) / 2);
      ++first;
      --sizes[level];
      ++sizes[level + 1];
    }
    std::copy(places.begin() + static_cast<std::ptrdiff_t>(first + 1),
              places.begin() + static_cast<std::ptrdiff_t>(all), places.begin() + static_cast<std::ptrdiff_t>(first));
    places[all - 1] = 0;
    --sizes[level];
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
