// What a quantity usually is at this hour of the week, and how far from it is still usual, in a few hundred bytes.
//
//   SeasonalBaseline<2> requests;                        // workdays and days of rest: 232 bytes
//   const double z = requests.z(hour_began, count);      // at the end of each hour, before it is learnt
//   requests.learn(hour_began, count);
//
// One value for each hour (or each shorter step): a rate, a sum, a count. Cells are hours of the day (24) times kinds
// of day: 1 (every day alike), 2 (workdays, days of rest) or 7 (each weekday). A cell that has seen little borrows from
// the same hour of other days, and that from the level of all hours, so a new principal is judged by what is known and
// the spread says how little that is: it starts wide. Everything is learnt on `log_scale` (robust.h), so spreads are
// factors: 0.1 is about ten in a hundred. What is far out is pulled in to three spreads before it is learnt.
//
// Nothing depends on the order of times: a clock that jumps, and records that come late, only choose other cells. Old
// observations fade with each new one of their cell (kWeightMax). Times are of the day in UTC plus the offset that the
// caller adds for its time zone. Plain data: stored as its bytes (little-endian). One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "anomaly/robust.h"
#include "base/clock.h"

namespace redoubt::anomaly {

// What is expected of one observation.
struct Expectation {
  double value = 0;       // in the caller's unit
  double centre = 0;      // the same on `log_scale`
  double spread = 0;      // on `log_scale`; widened by what is not known yet
  double confidence = 0;  // 0: nothing is known; towards 1
};

struct HourOfWeek {
  unsigned hour = 0;     // 0 to 23
  unsigned weekday = 0;  // 0 is Monday
};

// The hour of the week of any time, before 1970 too.
constexpr HourOfWeek hour_of_week(UnixMillis time) {
  constexpr std::int64_t kHourMs = 3'600'000;
  const std::int64_t whole = time.value / kHourMs;
  const std::int64_t hours = time.value % kHourMs < 0 ? whole - 1 : whole;
  const std::int64_t hour = ((hours % 168) + 168 + 72) % 168;  // 1970-01-01 was a Thursday
  return {.hour = static_cast<unsigned>(hour % 24), .weekday = static_cast<unsigned>(hour / 24)};
}

template <unsigned kDayKinds>
struct SeasonalBaseline {
  static_assert(kDayKinds == 1 || kDayKinds == 2 || kDayKinds == 7);
  static constexpr std::size_t kCells = 24 * kDayKinds;
  // Observations that a cell remembers; older ones fade.
  static constexpr std::uint8_t kWeightMax = 16;
  // The spread before anything is known, and the least that is ever expected, on `log_scale`.
  static constexpr double kPriorSpread = 1.5;
  static constexpr double kLeastSpread = 0.1;
  // Observations of a cell until it is believed by half.
  static constexpr double kCaution = 3;

  std::array<std::int16_t, kCells> centres{};  // 1/1024 of `log_scale`
  std::array<std::uint16_t, 24> spreads{};     // 1/1024; of an hour, whatever the day
  std::array<std::uint8_t, kCells> weights{};  // observations of the cell, at most kWeightMax
  std::array<std::uint8_t, 24> spread_weights{};
  RobustLevel level;                    // of all hours
  std::uint8_t rest_days = 0b110'0000;  // weekdays of rest for two kinds of day; bit 0 is Monday
  std::array<std::uint8_t, 3> reserved{};

  Expectation expect(UnixMillis time) const {
    const auto [cell, hour] = place(time);
    // The same hour of all days, held towards the level of all hours; then the cell, held towards that.
    double sum = 0;
    double total = 0;
    for (unsigned kind = 0; kind < kDayKinds; ++kind) {
      sum += weights[kind * 24 + hour] * unquantised(centres[kind * 24 + hour]);
      total += weights[kind * 24 + hour];
    }
    const double known = level.weight == 0 ? 0 : 1;
    const double of_hour = total + known > 0 ? (sum + known * level.centre) / (total + known) : 0;
    const double weight = weights[cell];
    const double centre = (weight * unquantised(centres[cell]) + of_hour) / (weight + 1);

    // Of the hour's residuals, held towards those of all hours and those towards a wide prior; then widened by what
    // the centre itself may be wrong.
    const double level_weight = level.weight;
    const double of_all = (level_weight * level.spread + kCaution * kPriorSpread) / (level_weight + kCaution);
    const double spread_weight = spread_weights[hour];
    const double usual = (spread_weight * spreads[hour] / 1024.0 + kCaution * of_all) / (spread_weight + kCaution);
    const double spread = std::max(usual, kLeastSpread) * std::sqrt(1 + 1 / (weight + 0.5 * known + 0.25));
    return {.value = from_log_scale(centre),
            .centre = centre,
            .spread = spread,
            .confidence = weight / (weight + kCaution)};
  }

  // Robust z of `value` (the caller's unit): how many spreads above (below: negative) what is expected. 0 before
  // anything is known.
  double z(UnixMillis time, double value) const {
    if (level.weight == 0) return 0;
    const Expectation expected = expect(time);
    return robust_z(log_scale(value), expected.centre, expected.spread, kLeastSpread);
  }

  // Values that are not finite are passed over.
  void learn(UnixMillis time, double value) {
    if (!std::isfinite(value)) return;
    const auto [cell, hour] = place(time);
    double scaled = std::clamp(log_scale(value), -31.0, 31.0);
    if (level.weight > 0) {
      const Expectation expected = expect(time);
      const double residual = std::clamp(scaled - expected.centre, -3 * expected.spread, 3 * expected.spread);
      scaled = expected.centre + residual;
      const double gain = 1.0 / (std::min<unsigned>(spread_weights[hour], kWeightMax * 2U - 1) + 1.0);
      const double seen = std::min(1.2533 * std::abs(residual), 60.0);
      spreads[hour] = static_cast<std::uint16_t>(
          std::lround(spreads[hour] + gain * (1024 * seen - static_cast<double>(spreads[hour]))));
      spread_weights[hour] = static_cast<std::uint8_t>(std::min<unsigned>(spread_weights[hour] + 1U, kWeightMax * 2U));
    }
    level.learn(scaled);
    const double gain = 1.0 / (std::min<unsigned>(weights[cell], kWeightMax - 1U) + 1.0);
    const double before = unquantised(centres[cell]);
    centres[cell] =
        static_cast<std::int16_t>(std::clamp(std::lround(1024 * (before + gain * (scaled - before))), -32767L, 32767L));
    weights[cell] = static_cast<std::uint8_t>(std::min<unsigned>(weights[cell] + 1U, kWeightMax));
  }

  // Whether stored bytes can be one.
  bool valid() const {
    const auto within = [](std::uint8_t bound) { return [bound](std::uint8_t weight) { return weight <= bound; }; };
    return level.valid() && std::abs(level.centre) <= 100 && rest_days < 0x80 &&
           std::all_of(weights.begin(), weights.end(), within(kWeightMax)) &&
           std::all_of(spread_weights.begin(), spread_weights.end(), within(kWeightMax * 2));
  }

  friend bool operator==(const SeasonalBaseline&, const SeasonalBaseline&) = default;

 private:
  struct Place {
    std::size_t cell;
    std::size_t hour;
  };
  Place place(UnixMillis time) const {
    const HourOfWeek at = hour_of_week(time);
    unsigned kind = 0;
    if constexpr (kDayKinds == 2) kind = (rest_days >> at.weekday) & 1U;
    if constexpr (kDayKinds == 7) kind = at.weekday;
    return {.cell = kind * 24 + at.hour, .hour = at.hour};
  }
  static double unquantised(std::int16_t centre) { return centre / 1024.0; }
};

static_assert(sizeof(SeasonalBaseline<1>) == 160 && std::is_trivially_copyable_v<SeasonalBaseline<1>>);
static_assert(sizeof(SeasonalBaseline<2>) == 232 && std::is_trivially_copyable_v<SeasonalBaseline<2>>);
static_assert(sizeof(SeasonalBaseline<7>) == 592 && std::is_trivially_copyable_v<SeasonalBaseline<7>>);

}  // namespace redoubt::anomaly
