// Finds ids by a hash: open addressing with linear probing, 8 bytes a place, at most three quarters of them taken.
//
// It doubles when that is reached, without asking for hashes again: one pass in order, some 50 ms for ten million ids.
// The caller says what a hash belongs to; two ids of one hash are told apart by asking. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "behaviour/internal/large_pages.h"

namespace redoubt::behaviour::internal {

class IdTable {
 public:
  IdTable() { make(64); }

  // The id of this hash that `is_it` says yes to.
  template <class IsIt>
  std::optional<std::uint32_t> find(std::uint64_t hash, IsIt is_it) const {
    for (std::uint64_t at = hash & mask_; places()[at].id_plus_one != 0; at = (at + 1) & mask_) {
      const Place& place = places()[at];
      if (place.tag == tag_of(hash) && is_it(place.id_plus_one - 1)) return place.id_plus_one - 1;
    }
    return std::nullopt;
  }

  // Precondition: it is not there; ids are below 2^28.
  void insert(std::uint64_t hash, std::uint32_t id) {
    if (++size_ > mask_ - mask_ / 4) grow();
    put({id + 1, tag_of(hash)});
  }

  // Precondition: it is there.
  void erase(std::uint64_t hash, std::uint32_t id) {
    std::uint64_t hole = hash & mask_;
    while (places()[hole].id_plus_one != id + 1) hole = (hole + 1) & mask_;
    // What stands behind moves up, unless that is before where it belongs.
    for (std::uint64_t at = (hole + 1) & mask_; places()[at].id_plus_one != 0; at = (at + 1) & mask_) {
      const std::uint64_t home = places()[at].tag & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      places()[hole] = places()[at];
      hole = at;
    }
    places()[hole] = {};
    --size_;
  }

  // For whoever looks for many at once: asks memory for the place, and then for what probably is there.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&places()[hash & mask_]); }
  std::optional<std::uint32_t> probable(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }

 private:
  struct Place {
    std::uint32_t id_plus_one;
    std::uint32_t tag;  // the lower half of the hash: also where it belongs
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

  void put(const Place& place) {
    std::uint64_t at = place.tag & mask_;
    while (places()[at].id_plus_one != 0) at = (at + 1) & mask_;
    places()[at] = place;
  }
  Place* places() { return reinterpret_cast<Place*>(memory_.get()); }
  const Place* places() const { return reinterpret_cast<const Place*>(memory_.get()); }
  void make(std::uint64_t count) {
    memory_ = LargePages::zeros(count * sizeof(Place));  // zeros are places that nothing is in
    mask_ = count - 1;
  }
  void grow() {
    const LargePages::Memory memory = std::move(memory_);
    const auto* const before = reinterpret_cast<const Place*>(memory.get());
    const std::uint64_t count = mask_ + 1;
    make(2 * count);
    for (std::uint64_t at = 0; at < count; ++at) {
      if (before[at].id_plus_one != 0) put(before[at]);
    }
  }

  std::uint64_t mask_ = 0;
  std::uint64_t size_ = 0;
  LargePages::Memory memory_;
};

}  // namespace redoubt::behaviour::internal
