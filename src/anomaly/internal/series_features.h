// What is looked at in a series: its value, how it changed at several scales, how much it moves, and how far it is from
// what is usual at this time of day. Constant memory: the last 256 values and 48 half hours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace redoubt::anomaly::internal {

class SeriesFeatures {
 public:
  static constexpr std::size_t kCount = 24;
  using Values = std::array<double, kCount>;

  // The features of the series with this value at its end. `value`: finite, at most 1e15 from 0.
  Values next(UnixMillis time, double value);

 private:
  static constexpr std::size_t kPast = 256;  // a power of two, at least twice the longest scale
  static constexpr std::size_t kHalfHours = 48;

  double back(std::size_t steps) const { return past_[(count_ - 1 - steps) % kPast]; }  // 0 is the newest
  // The mean of up to `length` values, the newest of them `steps` back; of the oldest value if there are none.
  double mean(std::size_t length, std::size_t steps) const;
  double mean_step(std::size_t length) const;      // of the absolute steps
  double deviation(std::size_t length) const;      // standard deviation
  double residual_mean(std::size_t length) const;  // of what differs from the time of day

  std::array<double, kPast> past_{};
  std::array<double, kPast> residuals_{};
  std::uint64_t count_ = 0;
  double first_ = 0;
  // Of the whole past.
  double mean_ = 0;
  double squares_ = 0;  // sum of squared deviations (Welford)
  double steps_ = 0;    // sum of absolute steps
  double level_ = 0;    // recent
  std::array<double, kHalfHours> usual_{};
  std::array<std::uint8_t, kHalfHours> usual_weight_{};
};

}  // namespace redoubt::anomaly::internal
