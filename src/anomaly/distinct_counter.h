// How many different things were seen, in 48 bytes: HyperLogLog with 64 registers of six bits, read with the estimator
// of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6, which needs no
// correction tables and is good from one to 2^58. The standard error is 13 in a hundred; a few things are counted
// nearly exactly.
//
//   DistinctCounter tools;
//   tools.add(keyed_hash(tool));
//   if (tools.estimate() > 40) …
//
// The hash must be keyed with something that callers do not know: who can compute it can send a million things that
// fall into one register. Plain data: stored as its bytes. One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace redoubt::anomaly {

struct DistinctCounter {
  static constexpr unsigned kRegisters = 64;
  static constexpr unsigned kRankMax = 59;  // 58 bits of the hash, and none of them set

  std::array<std::uint8_t, kRegisters * 6 / 8> packed{};  // register i is bits [6 i, 6 i + 6), low bits first

  // Returns whether the estimate has changed, as only a thing not seen before can do.
  bool add(std::uint64_t hash) {
    const auto index = static_cast<unsigned>(hash >> 58);
    const auto rank = static_cast<unsigned>(std::countl_zero((hash << 6) | 0x3FU)) + 1;
    return raise(index, std::min(rank, kRankMax));
  }

  void merge(const DistinctCounter& other) {
    for (unsigned i = 0; i < kRegisters; ++i) raise(i, other.rank(i));
  }

  bool empty() const {
    return std::all_of(packed.begin(), packed.end(), [](std::uint8_t byte) { return byte == 0; });
  }

  double estimate() const {
    std::array<unsigned, kRankMax + 1> counts{};
    for (unsigned i = 0; i < kRegisters; ++i) ++counts[std::min(rank(i), kRankMax)];
    constexpr double kM = kRegisters;
    double z = kM * tau(1 - counts[kRankMax] / kM);
    for (unsigned k = kRankMax - 1; k >= 1; --k) z = 0.5 * (z + counts[k]);
    z += kM * sigma(counts[0] / kM);
    return kM * kM / (2 * 0.69314718055994530942) / z;
  }

  // Whether stored bytes can be one.
  bool valid() const {
    for (unsigned i = 0; i < kRegisters; ++i) {
      if (rank(i) > kRankMax) return false;
    }
    return true;
  }

  friend bool operator==(const DistinctCounter&, const DistinctCounter&) = default;

 private:
  unsigned rank(unsigned index) const {
    const unsigned bit = index * 6;
    unsigned word = packed[bit / 8];
    if (bit / 8 + 1 < packed.size()) word |= static_cast<unsigned>(packed[bit / 8 + 1]) << 8;
    return (word >> (bit % 8)) & 0x3FU;
  }
  bool raise(unsigned index, unsigned rank_seen) {
    if (rank_seen <= rank(index)) return false;
    const unsigned bit = index * 6;
    const unsigned shift = bit % 8;
    unsigned word = packed[bit / 8];
    const bool two = bit / 8 + 1 < packed.size();
    if (two) word |= static_cast<unsigned>(packed[bit / 8 + 1]) << 8;
    word = (word & ~(0x3FU << shift)) | (rank_seen << shift);
    packed[bit / 8] = static_cast<std::uint8_t>(word & 0xFFU);
    if (two) packed[bit / 8 + 1] = static_cast<std::uint8_t>(word >> 8);
    return true;
  }
  // Ertl's σ and τ: both series end when a term no longer changes the sum.
  static double sigma(double x) {
    if (x >= 1) return std::numeric_limits<double>::infinity();  // all registers are empty: the estimate is 0
    double y = 1;
    double z = x;
    for (int i = 0; i < 64; ++i) {
      x *= x;
      const double before = z;
      z += x * y;
      y += y;
      if (z == before) break;
    }
    return z;
  }
  static double tau(double x) {
    if (x <= 0 || x >= 1) return 0;
    double y = 1;
    double z = 1 - x;
    for (int i = 0; i < 64; ++i) {
      x = std::sqrt(x);
      const double before = z;
      y *= 0.5;
      z -= (1 - x) * (1 - x) * y;
      if (z == before) break;
    }
    return z / 3;
  }
};

static_assert(sizeof(DistinctCounter) == 48 && std::is_trivially_copyable_v<DistinctCounter>);

}  // namespace redoubt::anomaly
