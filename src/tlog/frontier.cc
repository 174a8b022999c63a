#include "tlog/frontier.h"

#include <bit>

#include "tlog/internal/subtree.h"

namespace redoubt::tlog {

Result<Frontier> Frontier::load(TileSource& source, TreeSize size) {
  if (size > kMaxTreeSize) return Error(Errc::kInvalidArgument, "the tree size is too large");
  Frontier frontier;
  frontier.size_ = size;
  // The bits 8l to 8l+7 of the size are the width of the partial tile of level l, so each level's share of the
  // frontier lies in that one tile: a subtree for each bit, the highest first.
  for (unsigned level = 0; level_hashes(level, size) != 0; ++level) {
    const std::uint64_t index = level_hashes(level, size) / kTileWidth;
    const unsigned width = tile_width(level, index, size);
    if (width == 0) continue;
    const Result<Bytes> tile = internal::read_checked(source, {level, index, width});
    if (!tile) return tile.error();
    std::size_t first = 0;
    for (unsigned bit = kTileHeight; bit-- > 0;) {
      const std::size_t count = std::size_t{1} << bit;
      if ((width & count) == 0) continue;
      frontier.nodes_[level * kTileHeight + bit] = internal::fold_tile(*tile, first, count);
      first += count;
    }
  }
  return frontier;
}

Hash Frontier::root() const {
  if (size_.value == 0) return empty_root();
  auto height = static_cast<unsigned>(std::countr_zero(size_.value));
  Hash root = nodes_[height];
  for (++height; height < nodes_.size(); ++height) {
    if (((size_.value >> height) & 1) != 0) root = node_hash(nodes_[height], root);
  }
  return root;
}

}  // namespace redoubt::tlog
