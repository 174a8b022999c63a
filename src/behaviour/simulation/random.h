// Random numbers that are the same everywhere: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) and what is made of it.
// The distributions of the standard library differ from one library to the next.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace redoubt::behaviour::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  // Half open; `below` above 0.
  std::uint64_t below(std::uint64_t below) { return bits() % below; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low)));
  }
  bool chance(double probability) { return uniform() < probability; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Median, and the standard deviation of the logarithm.
  double lognormal(double median, double spread) { return median * std::exp(spread * normal()); }
  std::uint64_t poisson(double mean) {
    if (mean > 60) return static_cast<std::uint64_t>(std::max(0.0, std::round(mean + std::sqrt(mean) * normal())));
    std::uint64_t count = 0;
    for (double product = uniform(); product > std::exp(-mean); product *= uniform()) ++count;
    return count;
  }

 private:
  std::uint64_t state_;
};

}  // namespace redoubt::behaviour::simulation
