// Roots of complete subtrees, from the tiles that hold them.
#pragma once

#include <optional>

#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/node_cache.h"
#include "tlog/tile.h"

namespace redoubt::tlog::internal {

// Hash `index` of a tile's bytes. Precondition: it is there.
Hash tile_hash(ByteView tile, std::size_t index);

// The root over `count` consecutive hashes of a tile, from `first`. Precondition: count is a power of two and they are
// there.
Hash fold_tile(ByteView tile, std::size_t first, std::size_t count);

// Reads the tile and checks its length. kCorrupt for another.
Result<Bytes> read_checked(TileSource& source, const TileId& id);

// Roots of ranges of one tree.
class SubtreeReader {
 public:
  // Keeps what it reads, for one proof: a few tiles a level.
  SubtreeReader(TileSource& source, TreeSize size)
      : own_(std::in_place, source, kTilesOfOneProof), nodes_(*own_), size_(size) {}
  // Reads through `nodes`, which outlives the reader.
  SubtreeReader(NodeCache& nodes, TreeSize size) : nodes_(nodes), size_(size) {}
  SubtreeReader(const SubtreeReader&) = delete;
  SubtreeReader& operator=(const SubtreeReader&) = delete;

  // MTH(D[begin : begin + count]). Preconditions: count >= 1, the range is in the tree, and begin is a multiple of the
  // smallest power of two not below count, as in every split of RFC 6962 §2.1.
  Result<Hash> range(std::uint64_t begin, std::uint64_t count);

 private:
  static constexpr std::size_t kTilesOfOneProof = 0;  // the two of each level that are always kept

  std::optional<NodeCache> own_;
  NodeCache& nodes_;
  TreeSize size_;
};

}  // namespace redoubt::tlog::internal
