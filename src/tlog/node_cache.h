// The nodes of one log's tree, kept from proof to proof: a proof then reads a node instead of hashing what is below it.
//
//   NodeCache nodes(reader, 1024);                         // 16 MiB
//   auto proof = inclusion_proof(nodes, {index}, size);
//
// A tile holds the lowest of the eight rows of nodes it spans; the others are made from it, up to 255 hashes or 20 µs,
// the first time one of them is wanted. Complete subtrees never change (C2SP tlog-tiles), so nothing kept ever goes
// stale. Like the tiles, the nodes are not verified.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

// One thread at a time.
class NodeCache {
 public:
  // Keeps up to `tiles` tiles of level 0, and of each higher level a 256th of that and two more: 16 KiB for each tile
  // of which every row was wanted. A tile takes the place of the one whose index is the same modulo that number, so
  // that those at hand are neighbours, of the newest entries mostly. `source` outlives the cache.
  NodeCache(TileSource& source, std::size_t tiles);

  // The root of the complete subtree over the leaves [index << height, (index + 1) << height) of a tree of this size.
  // Precondition: it is in the tree. Errors: kCorrupt when a tile has another length than asked for; the source's.
  Result<Hash> complete(unsigned height, std::uint64_t index, TreeSize size);

 private:
  // A tile, and as many rows of nodes above it as were wanted, one behind the other: row h has width >> h nodes, the
  // roots of 2^h hashes of the tile each.
  struct Tile {
    std::uint64_t index = 0;
    unsigned width = 0;  // 0 before it is read
    unsigned rows = 0;
    std::vector<Hash> nodes;
  };
  Result<Tile*> tile(const TileId& id);

  TileSource& source_;
  const std::size_t tiles_;
  std::array<std::vector<Tile>, 8> levels_;  // sized when first used
};

}  // namespace redoubt::tlog
