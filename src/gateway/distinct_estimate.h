// How many different things were seen, in 1 KiB: HyperLogLog (Flajolet et al., 2007) with 1024 registers.
//
// The standard error is 3.3 %; up to some hundred things it is about one in a hundred. An estimate only: whoever can
// choose the things can bend it if the hash is not keyed.
#pragma once

#include <array>
#include <cstdint>

namespace redoubt::gateway {

class DistinctEstimate {
 public:
  // `hash`: 64 evenly spread bits, the same for the same thing.
  void add(std::uint64_t hash);
  // At least 1 once something was added, or else 0.
  std::uint64_t value() const;

 private:
  static constexpr unsigned kIndexBits = 10;
  std::array<std::uint8_t, 1U << kIndexBits> ranks_{};
};

}  // namespace redoubt::gateway
