// Which bits more than half of many words have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace redoubt::behaviour {

// 64 counters side by side: plane k holds bit k of each. Words are added two at a time, and what is carried waits one
// plane higher for its like, so that a word costs one full adder (R. Harley and D. Seal's way to count bits: H. S.
// Warren, "Hacker's Delight", 2nd ed., §5-1).
class BitMajority {
 public:
  static constexpr std::size_t kPlanes = 20;  // for fewer than 2^20 words

  void add(std::uint64_t word) {
    carry(0, word);
    ++total_;
  }

  // The same as adding one after the other.
  void add(std::uint64_t first, std::uint64_t second) {
    if ((total_ & 1) != 0) {
      add(first);
      add(second);
      return;
    }
    const std::uint64_t half = planes_[0] ^ first;
    carry(1, (planes_[0] & first) | (half & second));
    planes_[0] = half ^ second;
    total_ += 2;
  }

  std::uint64_t majority() const {
    auto planes = planes_;
    for (std::size_t first = 0; first < kPlanes; ++first) {
      std::uint64_t carried = (total_ >> first & 1) != 0 ? waiting_[first] : 0;
      for (std::size_t plane = first; carried != 0; ++plane) {
        const std::uint64_t sum = planes[plane] ^ carried;
        carried &= planes[plane];
        planes[plane] = sum;
      }
    }
    // More than half of the total, from the highest plane down.
    std::uint64_t more = 0;
    std::uint64_t equal = ~std::uint64_t{0};
    for (std::size_t plane = kPlanes; plane-- > 0;) {
      const std::uint64_t bound = (total_ / 2 >> plane & 1) != 0 ? ~std::uint64_t{0} : 0;
      more |= equal & planes[plane] & ~bound;
      equal &= ~(planes[plane] ^ bound);
    }
    return more;
  }

 private:
  // Adds the word at this plane. One waits at the planes whose bit of the total is set.
  void carry(std::size_t plane, std::uint64_t word) {
    for (std::uint32_t waits = total_ >> plane; (waits & 1) != 0; waits >>= 1) {
      const std::uint64_t half = planes_[plane] ^ waiting_[plane];
      const std::uint64_t carried = (planes_[plane] & waiting_[plane]) | (half & word);
      planes_[plane++] = half ^ word;
      word = carried;
    }
    waiting_[plane] = word;
  }

  std::array<std::uint64_t, kPlanes> planes_{};
  std::array<std::uint64_t, kPlanes> waiting_;
  std::uint32_t total_ = 0;
};

}  // namespace redoubt::behaviour
