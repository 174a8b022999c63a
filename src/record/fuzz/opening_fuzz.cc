// Openings come from storage that may have been altered. What is accepted must encode to the same bytes.
#include <cstdint>
#include <cstdlib>

#include "record/opening.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const redoubt::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto opening = redoubt::record::decode_opening(bytes);
  if (!opening) return 0;
  std::string again;
  if (!redoubt::record::encode_opening(again, opening->values)) std::abort();
  if (again != redoubt::as_chars(bytes)) std::abort();
  return 0;
}
