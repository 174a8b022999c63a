#include <algorithm>
#include <cmath>

#include "anomaly/internal/novelty.h"

namespace redoubt::anomaly::internal {
namespace {

constexpr double kLeastPast = 20;
// How much of the growth of the farthest with a longer past is taken off, and the length at which nothing is.
constexpr double kLengthShare = 0.2;
constexpr double kLength = 1000;

}  // namespace

void NoveltyMemory::add(double value) {
  if (seen_++ % stride_ != 0) return;
  const auto begin = kept_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(size_);
  const auto place = std::lower_bound(begin, end, value, [](const Kept& kept, double v) { return kept.value < v; });
  std::move_backward(place, end, end + 1);
  *place = {.value = value, .age_rank = static_cast<std::uint32_t>(size_)};
  ++size_;
  if (size_ == kCapacity) thin();
}

void NoveltyMemory::thin() {
  std::size_t left = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (kept_[i].age_rank % 2 != 0) continue;
    kept_[left++] = {.value = kept_[i].value, .age_rank = kept_[i].age_rank / 2};
  }
  size_ = left;
  stride_ *= 2;
}

double NoveltyMemory::distance(double value) const {
  const auto begin = kept_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(size_);
  auto above = std::lower_bound(begin, end, value, [](const Kept& kept, double v) { return kept.value < v; });
  auto below = above;
  double distance = 0;
  for (std::size_t i = 0; i < kNeighbour; ++i) {
    const bool down = below != begin && (above == end || value - (below - 1)->value <= above->value - value);
    if (down) {
      --below;
      distance = value - below->value;
    } else {
      distance = above->value - value;
      ++above;
    }
  }
  return distance;
}

std::size_t SurpriseTail::bin(double distance) {
  if (distance <= 0) return 0;
  return static_cast<std::size_t>(std::clamp(200 + std::floor(8 * std::log(distance)), 1.0, double{kBins - 1}));
}

double SurpriseTail::surprise(double distance) const {
  if (total_ < kLeastPast) return 0;
  const std::size_t own = bin(distance);
  double farther = 0.5 * counts_[own];
  for (std::size_t i = own + 1; i < kBins; ++i) farther += counts_[i];
  double share = (farther + 0.5) / (total_ + 1);
  if (distance > largest_ && largest_ > 0) share *= (largest_ / distance) * (largest_ / distance);
  return std::max(0.0, -std::log10(share) - kLengthShare * std::log10(total_ / kLength));
}

void SurpriseTail::add(double distance) {
  counts_[bin(distance)] += 1;
  total_ += 1;
  largest_ = std::max(largest_, distance);
}

}  // namespace redoubt::anomaly::internal
