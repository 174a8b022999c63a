#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
#include "tlog/internal/subtree.h"

namespace redoubt::tlog::internal {

Hash tile_hash(ByteView tile, std::size_t index) {
  REDOUBT_CHECK((index + 1) * kHashSize <= tile.size());
  Hash hash;
  std::copy_n(tile.begin() + static_cast<std::ptrdiff_t>(index * kHashSize), kHashSize, hash.begin());
  return hash;
}

Hash fold_tile(ByteView tile, std::size_t first, std::size_t count) {
  REDOUBT_CHECK(std::has_single_bit(count) && count <= kTileWidth);
  std::array<Hash, kTileWidth> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes[i] = tile_hash(tile, first + i);
  for (std::size_t n = count; n > 1; n /= 2) node_hashes(std::span(hashes).first(n), std::span(hashes).first(n / 2));
  return hashes[0];
}

Result<Bytes> read_checked(TileSource& source, const TileId& id) {
  Result<Bytes> bytes = source.read_tile(id);
  if (!bytes) return bytes.error().in(tile_path(id));
  if (bytes->size() != id.size_bytes()) {
    return Error(Errc::kCorrupt, "the tile has " + std::to_string(bytes->size()) + " bytes instead of " +
                                     std::to_string(id.size_bytes()))
        .in(tile_path(id));
  }
  return bytes;
}

Result<Hash> SubtreeReader::range(std::uint64_t begin, std::uint64_t count) {
  REDOUBT_CHECK(count >= 1);
  // Complete subtrees from left to right, one for each bit of the count, the highest first.
  std::array<Hash, 64> parts;
  std::size_t size = 0;
  for (std::uint64_t rest = count; rest != 0;) {
    const auto height = static_cast<unsigned>(std::bit_width(rest) - 1);
    const Result<Hash> root = nodes_.complete(height, begin >> height, size_);
    if (!root) return root.error();
    parts[size++] = *root;
    begin += std::uint64_t{1} << height;
    rest -= std::uint64_t{1} << height;
  }
  Hash root = parts[size - 1];
  for (std::size_t i = size - 1; i > 0; --i) root = node_hash(parts[i - 1], root);
  return root;
}

}  // namespace redoubt::tlog::internal
