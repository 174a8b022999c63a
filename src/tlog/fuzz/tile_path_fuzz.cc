// Paths of tiles and entry bundles: what is read is written back as it was, and is never both.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto tile = tlog::parse_tile_path(input);
  const auto bundle = tlog::parse_bundle_path(input);
  REDOUBT_CHECK(!(tile && bundle));
  if (tile) {
    REDOUBT_CHECK(tile->level <= tlog::kMaxTileLevel && tile->width >= 1 && tile->width <= tlog::kTileWidth);
    REDOUBT_CHECK(tlog::tile_path(*tile) == input);
  }
  if (bundle) REDOUBT_CHECK(tlog::bundle_path(bundle->index, bundle->width) == input);
  return 0;
}
