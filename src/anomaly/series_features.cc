#include <algorithm>
#include <cmath>

#include "anomaly/internal/series_features.h"
#include "anomaly/robust.h"

namespace redoubt::anomaly::internal {
namespace {

constexpr std::int64_t kHalfHourMs = 1'800'000;
constexpr int kUsualWeightMax = 30;  // days that the usual value of a half hour remembers
constexpr double kLevelGain = 0.05;
// A standstill is told from a little movement by this share of what is usual.
constexpr double kStill = 0.02;

std::size_t half_hour_of_day(UnixMillis time) {
  const std::int64_t at = (time.value / kHalfHourMs) % 48;
  return static_cast<std::size_t>((at + 48) % 48);
}

}  // namespace

double SeriesFeatures::mean(std::size_t length, std::size_t steps) const {
  const std::size_t known = count_ > steps ? std::min<std::size_t>(length, count_ - steps) : 0;
  if (known == 0) return first_;
  double sum = 0;
  for (std::size_t i = 0; i < known; ++i) sum += back(steps + i);
  return sum / static_cast<double>(known);
}

double SeriesFeatures::mean_step(std::size_t length) const {
  const std::size_t known = std::min<std::size_t>(length, count_);
  double sum = 0;
  for (std::size_t i = 0; i < known && i + 1 < count_; ++i) sum += std::abs(back(i) - back(i + 1));
  return sum / static_cast<double>(known);
}

double SeriesFeatures::deviation(std::size_t length) const {
  const std::size_t known = std::min<std::size_t>(length, count_);
  const double centre = mean(known, 0);
  double sum = 0;
  for (std::size_t i = 0; i < known; ++i) sum += (back(i) - centre) * (back(i) - centre);
  return std::sqrt(sum / static_cast<double>(known));
}

double SeriesFeatures::residual_mean(std::size_t length) const {
  const std::size_t known = std::min<std::size_t>(length, count_);
  double sum = 0;
  for (std::size_t i = 0; i < known; ++i) sum += residuals_[(count_ - 1 - i) % kPast];
  return sum / static_cast<double>(known);
}

SeriesFeatures::Values SeriesFeatures::next(UnixMillis time, double value) {
  if (count_ == 0) first_ = mean_ = level_ = value;
  const double step = count_ > 0 ? value - back(0) : 0;
  past_[count_ % kPast] = value;

  const std::size_t half_hour = half_hour_of_day(time);
  std::uint8_t& weight = usual_weight_[half_hour];
  const double usual = weight > 0 ? usual_[half_hour] : level_;
  residuals_[count_ % kPast] = value - usual;
  usual_[half_hour] += (value - usual_[half_hour]) / std::min(weight + 1, kUsualWeightMax);
  weight = static_cast<std::uint8_t>(std::min(weight + 1, kUsualWeightMax));
  level_ += kLevelGain * (value - level_);

  ++count_;
  const double before = mean_;
  mean_ += (value - mean_) / static_cast<double>(count_);
  squares_ += (value - before) * (value - mean_);
  steps_ += std::abs(step);
  const double usual_step = kStill * steps_ / static_cast<double>(count_) + 1e-12;
  const double usual_variance = kStill * kStill * squares_ / static_cast<double>(count_) + 1e-12;

  Values out{};
  std::size_t next = 0;
  out[next++] = value;
  out[next++] = log_scale(value);
  out[next++] = step;
  for (const std::size_t scale : {2U, 4U, 8U, 16U, 32U, 64U}) out[next++] = mean(scale, 0) - mean(scale, scale);
  for (const std::size_t scale : {8U, 32U, 128U}) out[next++] = mean(scale, 0);
  for (const std::size_t scale : {8U, 32U, 128U}) out[next++] = value - mean(scale, 1);
  for (const std::size_t scale : {8U, 32U, 128U}) out[next++] = std::log(mean_step(scale) + usual_step);
  for (const std::size_t scale : {16U, 64U}) {
    const double wide = deviation(scale);
    out[next++] = 0.5 * std::log(wide * wide + usual_variance);
  }
  double highest = value;
  for (std::size_t i = 1; i < 16 && i < count_; ++i) highest = std::max(highest, back(i));
  out[next++] = highest;
  for (const std::size_t scale : {1U, 8U, 32U}) out[next++] = residual_mean(scale);
  return out;
}

}  // namespace redoubt::anomaly::internal
