// Half-lives, the same to the last bit on every machine: `exp2` of the C library is another function on other
// processors, and a mesh that was restored must equal one that was not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace redoubt::behaviour::internal {

// 2^(-i / (1024 * scale)) for i below 1024, by products of square roots: plain IEEE arithmetic, when this is compiled.
constexpr std::array<double, 1024> halvings(bool fine) {
  // 2^(-1/2), 2^(-1/4), …: each the square root of the one before, by Newton's method.
  std::array<double, 20> roots{};
  double root = 0.5;
  for (double& each : roots) {
    double guess = 0.75;
    for (int i = 0; i < 60; ++i) guess = (guess + root / guess) / 2;
    each = root = guess;
  }
  std::array<double, 1024> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = 1;
    for (std::size_t bit = 0; bit < 10; ++bit) {
      if ((i >> (9 - bit) & 1) != 0) out[i] *= roots[bit + (fine ? 10 : 0)];
    }
  }
  return out;
}
inline constexpr std::array<double, 1024> kCoarse = halvings(false);
inline constexpr std::array<double, 1024> kFine = halvings(true);

// 2^(-age / half_life), to a millionth of itself; 1 for an age that is not positive, 0 from 64 half-lives on.
// `half_life_ms` is 1 to 2^43.
inline double decay(std::int64_t age_ms, std::int64_t half_life_ms) {
  if (age_ms <= 0) return 1;
  const auto age = static_cast<std::uint64_t>(age_ms);
  const auto half_life = static_cast<std::uint64_t>(half_life_ms);
  const std::uint64_t halves = age / half_life;
  if (halves >= 64) return 0;
  const std::uint64_t part = ((age % half_life) << 20) / half_life;
  return kCoarse[part >> 10] * kFine[part & 1023] / static_cast<double>(std::uint64_t{1} << halves);
}

}  // namespace redoubt::behaviour::internal
