// Tiles and entry bundles of a log: which exist at a tree size, and how their paths are spelled (C2SP tlog-tiles).
//
// Tile (l, n) holds up to 256 hashes: hash i of it is the root of the complete subtree over the 256^l entries that
// start at (n * 256 + i) * 256^l. Only complete subtrees appear in tiles, so a hash once written never changes. Entry
// bundle n holds the entries whose leaf hashes tile (0, n) holds.
//
//   tile_path({.level = 0, .index = 1067, .width = 8})  // "tile/0/x001/067.p/8"
//   bundle_path(1067, 256)                              // "tile/entries/x001/067"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::tlog {

inline constexpr unsigned kTileHeight = 8;     // Merkle tree levels that one tile spans
inline constexpr unsigned kTileWidth = 256;    // hashes in a full tile, entries in a full bundle
inline constexpr unsigned kMaxTileLevel = 63;  // largest level a path may spell; trees of 64-bit sizes use 0 to 7
inline constexpr std::size_t kFullTileSize = kTileWidth * kHashSize;  // bytes

struct TileId {
  unsigned level = 0;           // 0..63
  std::uint64_t index = 0;      // within the level
  unsigned width = kTileWidth;  // hashes in it, 1..256; below 256 the tile is partial

  bool is_partial() const { return width < kTileWidth; }
  std::size_t size_bytes() const { return width * kHashSize; }
  friend auto operator<=>(const TileId&, const TileId&) = default;
};

struct BundleId {
  std::uint64_t index = 0;
  unsigned width = kTileWidth;  // entries in it, 1..256

  friend auto operator<=>(const BundleId&, const BundleId&) = default;
};

// The path below the log's prefix, without a leading slash. Preconditions: level and width in range.
std::string tile_path(const TileId& id);
std::string bundle_path(std::uint64_t index, unsigned width);

// The id spelled by `path`. Each id has one accepted spelling, the one tile_path or bundle_path gives it. kMalformed
// for anything else: a leading zero, a missing `x`, a needless `x000`, a width of 0 or above 255 after `.p/`, a level
// above 63, an index beyond 64 bits, a slash in front or behind.
Result<TileId> parse_tile_path(std::string_view path);
Result<BundleId> parse_bundle_path(std::string_view path);

// How many hashes of `level` a tree of this size has: floor(size / 256^level). Zero for levels above 7.
std::uint64_t level_hashes(unsigned level, TreeSize size);

// The width that tile (level, index) has in a tree of this size: 256, less for the last one of a level, or 0 when the
// tree has no such tile. Bundle widths are those of level 0.
unsigned tile_width(unsigned level, std::uint64_t index, TreeSize size);

// Calls f(const TileId&) for each tile of a tree of size `to` that a tree of size `from` does not have in that width:
// what is to be written when a log grows. Level by level, each from left to right. With `from` zero: every tile.
// Precondition: from <= to.
template <class F>
void for_each_new_tile(TreeSize from, TreeSize to, F&& f) {
  for (unsigned level = 0; level_hashes(level, to) != 0; ++level) {
    const std::uint64_t before = level_hashes(level, from);
    const std::uint64_t after = level_hashes(level, to);
    if (before == after) continue;
    for (std::uint64_t index = before / kTileWidth; index * kTileWidth < after; ++index) {
      f(TileId{level, index, tile_width(level, index, to)});
    }
  }
}

// Every tile of a tree of this size, in the order of for_each_new_tile. Grows with size / 256: for tests and small
// logs; otherwise iterate.
std::vector<TileId> tiles_for_size(TreeSize size);

// Where proofs take their tiles from. An implementation says on which thread it may be called.
class TileSource {
 public:
  virtual ~TileSource() = default;

  // The hashes of the tile, concatenated: exactly id.size_bytes(). A source that holds a wider tile of the same level
  // and index answers with its first id.width hashes. Errors: kNotFound, and whatever reading meets.
  virtual Result<Bytes> read_tile(const TileId& id) = 0;
};

}  // namespace redoubt::tlog
