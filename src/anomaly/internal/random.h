// Chance that is the same on every machine: the standard's engines are portable, its distributions are not.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

namespace redoubt::anomaly::internal {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // In [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  // In [0, bound); `bound` above 0. The bias is below bound / 2^53.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(uniform() * static_cast<double>(bound)); }
  // Standard normal (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // `count` different ones of [0, total), in random order; all of them if there are no more.
  std::vector<std::size_t> sample(std::size_t total, std::size_t count) {
    std::vector<std::size_t> all(total);
    for (std::size_t i = 0; i < total; ++i) all[i] = i;
    count = std::min(count, total);
    for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + below(total - i)]);
    all.resize(count);
    return all;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace redoubt::anomaly::internal
