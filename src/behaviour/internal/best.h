// The first of a long list in an order, largest value first and of equals the smallest id, without sorting it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "behaviour/mesh_questions.h"

namespace redoubt::behaviour::internal {

class Best {
 public:
  // Those behind `after`, at most `limit` of them, and one to know whether there are more.
  Best(std::size_t limit, const std::optional<MeshPlace>& after) : limit_(limit), after_(after) {}

  bool wants(const MeshPlace& place) const {
    if (after_ && !comes_before(*after_, place)) return false;
    return heap_.size() <= limit_ || comes_before(place, heap_.front());
  }
  // Precondition: it wants it.
  void offer(const MeshPlace& place) {
    if (heap_.size() > limit_) {
      std::pop_heap(heap_.begin(), heap_.end(), comes_before);
      heap_.back() = place;
    } else {
      heap_.push_back(place);
    }
    std::push_heap(heap_.begin(), heap_.end(), comes_before);
  }
  // Gives them in order, and the last one when there are more. Nothing is left.
  template <class Take>
  std::optional<MeshPlace> finish(Take take) {
    std::sort_heap(heap_.begin(), heap_.end(), comes_before);
    const bool more = heap_.size() > limit_;
    if (more) heap_.pop_back();
    for (const MeshPlace& place : heap_) take(place);
    return more && !heap_.empty() ? std::optional(heap_.back()) : std::nullopt;
  }

 private:
  static bool comes_before(const MeshPlace& a, const MeshPlace& b) {
    return a.value != b.value ? a.value > b.value : a.id < b.id;
  }

  std::size_t limit_;
  std::optional<MeshPlace> after_;
  std::vector<MeshPlace> heap_;  // at the front the one that comes last
};

}  // namespace redoubt::behaviour::internal
