// No archive and no array makes the reader do more than refuse it.
#include <cstdint>
#include <cstdlib>

#include "anomaly/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const redoubt::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto check = [](const redoubt::anomaly::NpyArray& array) {
    std::size_t count = 1;
    for (const std::size_t length : array.shape) count *= length;
    if (count != array.values.size()) std::abort();
  };
  if (const auto array = redoubt::anomaly::read_npy(bytes, 1 << 16)) check(*array);
  if (const auto arrays = redoubt::anomaly::read_npz(bytes, {.members_max = 8, .values_max = 1 << 16})) {
    for (const auto& [name, array] : *arrays) check(array);
  }
  return 0;
}
