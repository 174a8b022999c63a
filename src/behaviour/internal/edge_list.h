// The edges at one side of a node: ids, 4 bytes each, in 16 bytes of its own. An edge knows its place in the list, so
// taking it out is one step: the last one takes its place. One thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <utility>

#include "base/check.h"

namespace redoubt::behaviour::internal {

class EdgeList {
 public:
  EdgeList() = default;
  EdgeList(EdgeList&& other) noexcept
      : ids_(std::exchange(other.ids_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        room_(std::exchange(other.room_, 0)) {}
  EdgeList& operator=(EdgeList&& other) noexcept {
    std::swap(ids_, other.ids_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~EdgeList() { std::free(ids_); }

  std::span<const std::uint32_t> all() const { return {ids_, size_}; }
  std::uint32_t size() const { return size_; }
  std::uint32_t back() const { return ids_[size_ - 1]; }

  // Its place.
  std::uint32_t push(std::uint32_t id) {
    if (size_ == room_) resize(size_ < 4 ? 4 : size_ + size_ / 2);
    ids_[size_] = id;
    return size_++;
  }
  // The id that takes the place, or the one that was there when it was the last.
  std::uint32_t take_out(std::uint32_t place) {
    REDOUBT_CHECK(place < size_);
    const std::uint32_t last = ids_[--size_];
    ids_[place] = last;
    if (room_ > 16 && size_ < room_ / 4) resize(room_ / 2);
    return last;
  }
  // For restoring: a list of so many, all `filler`.
  void assign(std::uint32_t size, std::uint32_t filler) {
    resize(size);
    for (std::uint32_t i = 0; i < size; ++i) ids_[i] = filler;
    size_ = size;
  }
  std::uint32_t& at(std::uint32_t place) {
    REDOUBT_CHECK(place < size_);
    return ids_[place];
  }

 private:
  void resize(std::uint32_t room) {
    if (room == 0) return;
    void* const moved = std::realloc(ids_, std::size_t{room} * sizeof(std::uint32_t));
    if (moved == nullptr) throw std::bad_alloc();
    ids_ = static_cast<std::uint32_t*>(moved);
    room_ = room;
  }

  std::uint32_t* ids_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
};

}  // namespace redoubt::behaviour::internal
