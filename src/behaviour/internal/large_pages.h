// Memory for large tables that are read anywhere: in large pages where the system has them, so that finding the page of
// what is read costs less than reading it. (With 4 KiB pages an update of a full mesh takes 1.6 times as long.)
//
// Any thread.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace redoubt::behaviour::internal {

class LargePages {
 public:
  struct Release {
    std::size_t size = 0;
    void operator()(std::byte* memory) const {
      is_large(size) ? void(::munmap(memory, rounded(size))) : std::free(memory);
    }
  };
  using Memory = std::unique_ptr<std::byte, Release>;

  // Zeros. Pages that nobody touches take no memory. Throws std::bad_alloc.
  static Memory zeros(std::size_t size) {
    if (!is_large(size)) {
      auto* const memory = static_cast<std::byte*>(std::calloc(size, 1));
      if (memory == nullptr) throw std::bad_alloc();
      return Memory(memory, {size});
    }
    // One page more, of which what lies before and behind whole pages goes back.
    const std::size_t wanted = rounded(size);
    void* const mapped = ::mmap(nullptr, wanted + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    auto* const begin = static_cast<std::byte*>(mapped);
    const std::size_t before = (kPage - reinterpret_cast<std::uintptr_t>(mapped) % kPage) % kPage;
    if (before != 0) (void)::munmap(begin, before);
    (void)::munmap(begin + before + wanted, kPage - before);
    (void)::madvise(begin + before, wanted, MADV_HUGEPAGE);  // without them it is slower, and no different
    return Memory(begin + before, {size});
  }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20;
  static bool is_large(std::size_t size) { return size >= 2 * kPage; }
  static std::size_t rounded(std::size_t size) { return (size + kPage - 1) / kPage * kPage; }
};

}  // namespace redoubt::behaviour::internal
