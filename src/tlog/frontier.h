// The right edge of a growing Merkle tree: everything needed to append and to know the root, in 2 KiB.
//
// INVARIANT: for each bit k set in the size, nodes_[k] is the root of a complete subtree of 2^k leaves; taken from the
// highest bit down, these subtrees cover the leaves from left to right (RFC 6962 §2.1: the split at the largest power
// of two smaller than n).
//
//   Frontier frontier;
//   frontier.append(leaf_hash(entry), [&](unsigned level, const Hash& hash) { tiles[level].push(hash); });
//   publish(frontier.size(), frontier.root());
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

// A value: copied to try something out, and compared. One thread at a time.
class Frontier {
 public:
  Frontier() = default;  // of the empty tree

  // The frontier of the tree of this size, from its at most eight partial tiles. The tiles are not proven: compare
  // root() with a root that is. Errors: the source's; kCorrupt when a tile has another length; kInvalidArgument above
  // kMaxTreeSize.
  static Result<Frontier> load(TileSource& source, TreeSize size);

  // Adds one leaf and calls on_tile_hash(unsigned level, const Hash&) for each hash that is thereby to be appended to
  // the tiles of `level`: to level 0 the leaf hash, to level l the root of a subtree of 256^l leaves just completed.
  // Each level's calls come in tile order, lower levels first. One node hash a leaf on average; no allocation.
  // Precondition: size() below kMaxTreeSize.
  template <class F>
  void append(const Hash& leaf, F&& on_tile_hash) {
    REDOUBT_CHECK(size_ < kMaxTreeSize);
    on_tile_hash(0U, leaf);
    Hash node = leaf;
    unsigned height = 0;
    while (((size_.value >> height) & 1) != 0) {
      node = node_hash(nodes_[height], node);
      ++height;
      if (height % kTileHeight == 0) on_tile_hash(height / kTileHeight, node);
    }
    nodes_[height] = node;
    ++size_.value;
  }
  void append(const Hash& leaf) {
    append(leaf, [](unsigned, const Hash&) {});
  }

  // Adds the leaves in order, as one by one but with the hashes of a level made together (node_hashes), so that
  // on_tile_hash is called for all those of level 0, then of level 1 and so on. Precondition: they fit kMaxTreeSize.
  template <class F>
  void append(std::span<const Hash> leaves, F&& on_tile_hash) {
    REDOUBT_CHECK(leaves.size() <= kMaxTreeSize.value - size_.value);
    // The new subtrees of 2^height leaves, behind the old one that is complete but has no sibling yet: as in adding
    // binary numbers, two make one of the next height, and an odd one stays.
    std::vector<Hash> row;
    row.reserve(leaves.size() + 1);
    row.assign(leaves.begin(), leaves.end());
    for (unsigned height = 0; !row.empty(); ++height) {
      if (height % kTileHeight == 0) {
        for (const Hash& node : row) on_tile_hash(height / kTileHeight, node);
      }
      if (((size_.value >> height) & 1) != 0) row.insert(row.begin(), nodes_[height]);
      if (row.size() % 2 != 0) nodes_[height] = row.back();
      const std::size_t parents = row.size() / 2;
      node_hashes(std::span(row).first(2 * parents), std::span(row).first(parents));
      row.resize(parents);
    }
    size_.value += leaves.size();
  }

  TreeSize size() const { return size_; }

  // The Merkle Tree Hash of everything appended (RFC 6962 §2.1). At most 62 node hashes.
  Hash root() const;

  friend bool operator==(const Frontier& a, const Frontier& b) { return a.size_ == b.size_ && a.root() == b.root(); }

 private:
  TreeSize size_;
  std::array<Hash, 64> nodes_{};  // nodes_[k] means something only while bit k of size_ is set
};

}  // namespace redoubt::tlog
