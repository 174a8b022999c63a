// Counts of observations in fixed buckets: what a Prometheus histogram is made from.
//
//   inline constexpr std::array<std::uint64_t, 3> kSizes{100, 1'000, 10'000};   // ascending
//   Histogram<kSizes> sizes;
//   sizes.observe(250);                        // counts[1]: above 100, at most 1,000
//
// A value: copied, compared and added. One thread at a time. To observe is a search in the bounds and two additions.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

namespace redoubt {

// `kBounds`: the upper bound of each bucket, inclusive, in the unit that is observed.
template <const auto& kBounds>
struct Histogram {
  static constexpr const auto& bounds() { return kBounds; }

  std::array<std::uint64_t, std::tuple_size_v<std::remove_cvref_t<decltype(kBounds)>> + 1> counts{};  // last: above all
  std::uint64_t sum = 0;  // of what was observed; wraps around, as Prometheus lets counters do

  void observe(std::uint64_t value) {
    const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), value) - kBounds.begin();
    ++counts[static_cast<std::size_t>(bucket)];
    sum += value;
  }
  // For bounds in nanoseconds. A negative time counts as none.
  void observe(std::chrono::steady_clock::duration time) {
    observe(static_cast<std::uint64_t>(
        std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count(), 0)));
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
  std::uint64_t total() const {
    std::uint64_t out = 0;
    for (const std::uint64_t count : counts) out += count;
    return out;
  }

  friend bool operator==(const Histogram&, const Histogram&) = default;
};

}  // namespace redoubt
