// How surprising one quantity of a series is: how far from what was seen (NoveltyMemory), and how rarely anything was
// that far (SurpriseTail). Together they are a conformal detector: Laxhammar and Falkman, "Conformal prediction for
// distribution-independent anomaly detection in streaming vessel data" (2010), with a tail beyond what was seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace redoubt::anomaly::internal {

// Values of the whole past, thinned: when it is full, every second one (by age) is dropped, and from then on every
// second one is taken. So it always holds 128 to 256 values, evenly spread over the past.
class NoveltyMemory {
 public:
  static constexpr std::size_t kCapacity = 256;
  static constexpr std::size_t kNeighbour = 5;
  static constexpr std::size_t kLeast = 16;  // values before a distance means anything

  void add(double value);
  std::size_t size() const { return size_; }
  // The distance to the fifth nearest value. Precondition: size() >= kLeast.
  double distance(double value) const;

 private:
  struct Kept {
    double value;
    std::uint32_t age_rank;  // place in the order of arrival, from 0
  };
  void thin();

  std::array<Kept, kCapacity> kept_{};  // ascending by value
  std::size_t size_ = 0;
  std::uint64_t stride_ = 1;
  std::uint64_t seen_ = 0;
};

// The distribution of distances so far, on a logarithmic scale.
class SurpriseTail {
 public:
  // -log10 of the share of the past that was as far out as `distance` (at least 0), less what a long past makes easy:
  // the longer it is, the further out its farthest. Beyond everything seen, the share falls with the square of the
  // distance. 0 before 20 of them.
  double surprise(double distance) const;
  void add(double distance);

 private:
  static constexpr std::size_t kBins = 400;  // an eighth of a factor of e each; the first is for 0
  static std::size_t bin(double distance);

  std::array<float, kBins> counts_{};  // exact up to 2^24 observations a bin; then it grows no more
  double total_ = 0;
  double largest_ = 0;
};

}  // namespace redoubt::anomaly::internal
