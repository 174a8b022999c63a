// gzip: whatever comes, the content stays within the limit.
#include <cstdint>

#include "base/check.h"
#include "encoding/gunzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  constexpr std::size_t kLimit = 4096;
  const auto content = encoding::gunzip({reinterpret_cast<const std::byte*>(data), size}, kLimit);
  if (content) REDOUBT_CHECK(content->size() <= kLimit);
  return 0;
}
