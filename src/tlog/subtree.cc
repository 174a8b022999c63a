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
  for (std::size_t n = count; n > 1; n /= 2) {
    for (std::size_t i = 0; i < n / 2; ++i) hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
  }
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

Result<ByteView> SubtreeReader::tile(const TileId& id) {
  for (const auto& [known, bytes] : tiles_) {
    if (known == id) return ByteView(bytes);
  }
  Result<Bytes> bytes = read_checked(source_, id);
  if (!bytes) return bytes.error();
  tiles_.emplace_back(id, *std::move(bytes));
  return ByteView(tiles_.back().second);
}

Result<Hash> SubtreeReader::complete(unsigned height, std::uint64_t index) {
  const unsigned level = height / kTileHeight;
  const std::size_t count = std::size_t{1} << (height % kTileHeight);
  const std::uint64_t first = index * count;  // of the level's hashes
  const std::uint64_t tile_index = first / kTileWidth;
  const Result<ByteView> bytes = tile({level, tile_index, tile_width(level, tile_index, size_)});
  if (!bytes) return bytes.error();
  return fold_tile(*bytes, first % kTileWidth, count);
}

Result<Hash> SubtreeReader::range(std::uint64_t begin, std::uint64_t count) {
  REDOUBT_CHECK(count >= 1);
  // Complete subtrees from left to right, one for each bit of the count, the highest first.
  std::array<Hash, 64> parts;
  std::size_t size = 0;
  for (std::uint64_t rest = count; rest != 0;) {
    const auto height = static_cast<unsigned>(std::bit_width(rest) - 1);
    const Result<Hash> root = complete(height, begin >> height);
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
