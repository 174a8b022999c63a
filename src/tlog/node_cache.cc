#include "tlog/node_cache.h"

#include <span>

#include "tlog/internal/subtree.h"

namespace redoubt::tlog {

namespace {

std::size_t row_begin(unsigned width, unsigned row) {
  std::size_t begin = 0;
  for (unsigned h = 0; h < row; ++h) begin += width >> h;
  return begin;
}

}  // namespace

NodeCache::NodeCache(TileSource& source, std::size_t tiles) : source_(source), tiles_(tiles) {}

Result<NodeCache::Tile*> NodeCache::tile(const TileId& id) {
  std::vector<Tile>& level = levels_.at(id.level);
  if (level.empty()) level.resize((tiles_ >> (id.level * kTileHeight)) + 2);
  Tile& place = level[id.index % level.size()];
  // A wider tile begins with the narrower one's hashes, and its rows with that one's rows.
  if (place.index == id.index && place.width >= id.width) return &place;
  const Result<Bytes> bytes = internal::read_checked(source_, id);
  if (!bytes) return bytes.error();
  place.index = id.index;
  place.width = id.width;
  place.rows = 1;
  place.nodes.clear();
  place.nodes.reserve(2 * std::size_t{id.width});
  for (std::size_t i = 0; i < id.width; ++i) place.nodes.push_back(internal::tile_hash(*bytes, i));
  return &place;
}

Result<Hash> NodeCache::complete(unsigned height, std::uint64_t index, TreeSize size) {
  const unsigned level = height / kTileHeight;
  const unsigned row = height % kTileHeight;
  const std::uint64_t first = index << row;  // of the level's hashes
  const std::uint64_t tile_index = first / kTileWidth;
  const Result<Tile*> found = tile({level, tile_index, tile_width(level, tile_index, size)});
  if (!found) return found.error();
  Tile& tile = **found;
  for (; tile.rows <= row; ++tile.rows) {
    const std::size_t begin = row_begin(tile.width, tile.rows - 1);
    const std::size_t above = row_begin(tile.width, tile.rows);
    const std::size_t count = tile.width >> tile.rows;
    tile.nodes.resize(above + count);
    node_hashes(std::span(tile.nodes).subspan(begin, 2 * count), std::span(tile.nodes).subspan(above, count));
  }
  return tile.nodes.at(row_begin(tile.width, row) + ((first % kTileWidth) >> row));
}

}  // namespace redoubt::tlog
