// Roots of complete subtrees, from the tiles that hold them.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/tile.h"

namespace redoubt::tlog::internal {

// Hash `index` of a tile's bytes. Precondition: it is there.
Hash tile_hash(ByteView tile, std::size_t index);

// The root over `count` consecutive hashes of a tile, from `first`. Precondition: count is a power of two and they are
// there.
Hash fold_tile(ByteView tile, std::size_t first, std::size_t count);

// Reads the tile and checks its length. kCorrupt for another.
Result<Bytes> read_checked(TileSource& source, const TileId& id);

// Reads each tile of one tree at most once. For one proof: what it keeps is at most a few tiles a level.
class SubtreeReader {
 public:
  SubtreeReader(TileSource& source, TreeSize size) : source_(source), size_(size) {}

  // MTH(D[begin : begin + count]). Preconditions: count >= 1, the range is in the tree, and begin is a multiple of the
  // smallest power of two not below count, as in every split of RFC 6962 §2.1.
  Result<Hash> range(std::uint64_t begin, std::uint64_t count);

 private:
  // The root of the complete subtree over the leaves [index << height, (index + 1) << height).
  Result<Hash> complete(unsigned height, std::uint64_t index);
  Result<ByteView> tile(const TileId& id);

  TileSource& source_;
  TreeSize size_;
  std::vector<std::pair<TileId, Bytes>> tiles_;
};

}  // namespace redoubt::tlog::internal
