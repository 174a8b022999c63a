// Entry bundles: what is read is written back as it was.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "tlog/entry_bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (const auto entries = tlog::decode_entry_bundle(input)) {
    REDOUBT_CHECK(!entries->empty() && entries->size() <= tlog::kTileWidth);
    const auto written = tlog::encode_entry_bundle(*entries);
    REDOUBT_CHECK(written && std::equal(written->begin(), written->end(), input.begin(), input.end()));
  }
  return 0;
}
