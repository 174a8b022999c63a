// Any bytes: ours and libcbor's reader agree (tests/libcbor_oracle.h), and what was read is written again as it is.
#include <cstdint>

#include "encoding/tests/libcbor_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  encoding::check_against_libcbor({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
