// Numbers in their order, so that the one of a rank is found without looking at the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sigma/internal/entry_list.h"

namespace redoubt::sigma::internal {

// The values of an EntryList, which are bits of doubles. In the order of the numbers, -0 before 0; what is no number
// has its place, too, so that no state from outside can bring it out of order.
class RankIndex {
 public:
  static std::size_t bytes(std::size_t entries) { return sizeof(RankIndex) + entries * sizeof(std::uint64_t); }

  explicit RankIndex(const EntryList& entries);
  void add(std::uint64_t value);
  // Of equal ones, one. It must be there.
  void remove(std::uint64_t value);
  // The number that has so many before it; fewer than there are.
  double at(std::size_t rank) const;

 private:
  std::vector<std::uint64_t> keys_;  // ascending
};

}  // namespace redoubt::sigma::internal
