#include "gateway/distinct_estimate.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace redoubt::gateway {

void DistinctEstimate::add(std::uint64_t hash) {
  const std::uint64_t index = hash >> (64 - kIndexBits);
  // The mark bounds the rank where all other bits are zero.
  const std::uint64_t rest = (hash << kIndexBits) | (std::uint64_t{1} << (kIndexBits - 1));
  const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
  ranks_[index] = std::max(ranks_[index], rank);
}

std::uint64_t DistinctEstimate::value() const {
  const auto registers = static_cast<double>(ranks_.size());
  double sum = 0;
  int empty = 0;
  for (const std::uint8_t rank : ranks_) {
    sum += std::ldexp(1.0, -rank);
    empty += rank == 0 ? 1 : 0;
  }
  if (empty == static_cast<int>(ranks_.size())) return 0;
  const double alpha = 0.7213 / (1 + 1.079 / registers);
  double estimate = alpha * registers * registers / sum;
  // Few things: counting empty registers is more exact.
  if (estimate <= 2.5 * registers && empty > 0) estimate = registers * std::log(registers / empty);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(estimate)));
}

}  // namespace redoubt::gateway
