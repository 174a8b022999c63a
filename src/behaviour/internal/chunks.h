// A table that grows by chunks: nothing in it ever moves, and growing never copies. The first chunks come one by one,
// so that a small table is small, the others 32 at a time, in large pages. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "behaviour/internal/large_pages.h"

namespace redoubt::behaviour::internal {

template <class T>
class Chunks {
 public:
  Chunks() = default;
  Chunks(Chunks&& other) noexcept = default;
  Chunks& operator=(Chunks&& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Chunks() {
    for (T* const chunk : chunks_) std::destroy_n(chunk, kSize);
  }

  // Precondition: there is such a place.
  T& operator[](std::uint32_t at) { return chunks_[at >> kBits][at & (kSize - 1)]; }
  const T& operator[](std::uint32_t at) const { return chunks_[at >> kBits][at & (kSize - 1)]; }
  // Asks memory for all of it.
  void prefetch(std::uint32_t at) const {
    const char* const from = reinterpret_cast<const char*>(&(*this)[at]);
    for (std::size_t line = 0; line < sizeof(T); line += 64) __builtin_prefetch(from + line);
    __builtin_prefetch(from + sizeof(T) - 1);
  }
  // Makes sure that there is.
  void reach(std::uint32_t at) {
    while (chunks_.size() <= at >> kBits) add(chunks_.size() < kTogether ? 1 : kTogether);
  }

 private:
  static constexpr std::uint32_t kBits = 11;
  static constexpr std::uint32_t kSize = 1U << kBits;
  static constexpr std::size_t kTogether = 32;

  void add(std::size_t count) {
    memory_.push_back(LargePages::zeros(count * kSize * sizeof(T)));
    T* const first = reinterpret_cast<T*>(memory_.back().get());
    for (std::size_t i = 0; i < count; ++i) {
      std::uninitialized_value_construct_n(first + i * kSize, kSize);
      chunks_.push_back(first + i * kSize);
    }
  }

  std::vector<T*> chunks_;
  std::vector<LargePages::Memory> memory_;  // of them
};

}  // namespace redoubt::behaviour::internal
