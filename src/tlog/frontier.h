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

  TreeSize size() const { return size_; }

  // The Merkle Tree Hash of everything appended (RFC 6962 §2.1). At most 62 node hashes.
  Hash root() const;

  friend bool operator==(const Frontier& a, const Frontier& b) { return a.size_ == b.size_ && a.root() == b.root(); }

 private:
  TreeSize size_;
  std::array<Hash, 64> nodes_{};  // nodes_[k] means something only while bit k of size_ is set
};

}  // namespace redoubt::tlog
