// Memory in large pieces for what is looked up all over it: where the system has huge pages, they save most misses of
// address translation, and most faults when the memory is first used.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory_resource>
#include <new>

namespace redoubt::state {

class HugePages final : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t kPageBytes = std::size_t{2} << 20;

 private:
  // Pieces of less than a page come from the heap.
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes < kPageBytes) return ::operator new(bytes, std::align_val_t(alignment));
    void* const piece = ::operator new(bytes, std::align_val_t(kPageBytes));
    // A wish: without huge pages the memory is as good.
    (void)::madvise(piece, bytes / kPageBytes * kPageBytes, MADV_HUGEPAGE);
    return piece;
  }
  void do_deallocate(void* piece, std::size_t bytes, std::size_t alignment) override {
    ::operator delete(piece, std::align_val_t(bytes < kPageBytes ? alignment : kPageBytes));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace redoubt::state
