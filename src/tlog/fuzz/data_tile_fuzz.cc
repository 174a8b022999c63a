// Data tiles of Certificate Transparency logs: what is read lies within the tile, one entry after the other.
#include <cstdint>

#include "base/check.h"
#include "tlog/static_ct.h"
#include "tlog/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (const auto entries = tlog::decode_data_tile(input)) {
    REDOUBT_CHECK(!entries->empty() && entries->size() <= tlog::kTileWidth);
    const std::byte* last = input.data();
    for (const tlog::StaticCtEntry& entry : *entries) {
      REDOUBT_CHECK(entry.timestamped_entry.data() >= last);
      last = entry.certificate_chain.data() + entry.certificate_chain.size();
      REDOUBT_CHECK(last <= input.data() + input.size());
      (void)entry.leaf_hash();
    }
    REDOUBT_CHECK(last == input.data() + input.size());
  }
  return 0;
}
