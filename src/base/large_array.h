// Arrays that are read at random places: of a fixed size, in huge pages where the system gives them.
//
// With pages of 4 KiB a read at a random place of tens of megabytes waits twice, for the page's address and for the
// contents; inside a virtual machine the first wait is the longer one.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace redoubt {

// A resource: neither copied nor moved. Elements are made at once, each from nothing, and live as long as the array.
// Throws std::bad_alloc. Reading and changing elements is as safe between threads as the elements are.
template <class T>
class LargeArray {
 public:
  static_assert(std::is_trivially_destructible_v<T>);

  explicit LargeArray(std::size_t size) : elements_(static_cast<T*>(::operator new(size * sizeof(T), kAlignment))) {
    // A hint: without it, or where there are no huge pages, everything works the same, slower.
    (void)::madvise(elements_, size * sizeof(T), MADV_HUGEPAGE);
    std::uninitialized_value_construct_n(elements_, size);
  }
  LargeArray(const LargeArray&) = delete;
  LargeArray& operator=(const LargeArray&) = delete;
  ~LargeArray() { ::operator delete(elements_, kAlignment); }

  // Precondition: i is below the size.
  T& operator[](std::size_t i) const { return elements_[i]; }

 private:
  static constexpr std::align_val_t kAlignment{2 * 1024 * 1024};

  T* elements_;
};

}  // namespace redoubt
