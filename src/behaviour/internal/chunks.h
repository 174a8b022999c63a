// A table that grows by chunks: nothing in it ever moves, and growing never copies. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace redoubt::behaviour::internal {

template <class T>
class Chunks {
 public:
  // Precondition: there is such a place.
  T& operator[](std::uint32_t at) { return chunks_[at >> kBits][at & kMask]; }
  const T& operator[](std::uint32_t at) const { return chunks_[at >> kBits][at & kMask]; }
  // Asks memory for all of it.
  void prefetch(std::uint32_t at) const {
    const char* const from = reinterpret_cast<const char*>(&(*this)[at]);
    for (std::size_t line = 0; line < sizeof(T); line += 64) __builtin_prefetch(from + line);
    __builtin_prefetch(from + sizeof(T) - 1);
  }
  // Makes sure that there is.
  void reach(std::uint32_t at) {
    while (chunks_.size() <= at >> kBits) chunks_.push_back(std::make_unique<T[]>(kMask + 1));
  }

 private:
  static constexpr std::uint32_t kBits = 11;
  static constexpr std::uint32_t kMask = (1U << kBits) - 1;
  std::vector<std::unique_ptr<T[]>> chunks_;
};

}  // namespace redoubt::behaviour::internal
