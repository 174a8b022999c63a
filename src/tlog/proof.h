// Inclusion and consistency proofs: made from tiles, verified against roots.
//
// Proofs are lists of hashes in the order of RFC 6962 §2.1.1 and §2.1.2. Making one reads a few tiles of each level.
// What is read is not verified: a proof made from altered tiles is a proof that does not hold.
// Verifying needs no tiles: any thread, time depends on public values.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/node_cache.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

// PATH(m, D[n]) of RFC 6962 §2.1.1: that the leaf at `index` is in the tree of this size. At most 63 hashes, the
// leaf's sibling first. Errors: kInvalidArgument unless index < size <= kMaxTreeSize; kCorrupt when a tile has another
// length than asked for; the source's.
Result<std::vector<Hash>> inclusion_proof(TileSource& source, LeafIndex index, TreeSize size);
// The same for who makes many: a proof costs 500 hashes without and a few with a cache.
Result<std::vector<Hash>> inclusion_proof(NodeCache& nodes, LeafIndex index, TreeSize size);

// PROOF(m, D[n]) of RFC 6962 §2.1.2: that the tree of size `to` begins with the tree of size `from`. Empty when the
// sizes are equal, or `from` is zero. Errors: kInvalidArgument unless from <= to <= kMaxTreeSize; as above.
Result<std::vector<Hash>> consistency_proof(TileSource& source, TreeSize from, TreeSize to);
Result<std::vector<Hash>> consistency_proof(NodeCache& nodes, TreeSize from, TreeSize to);

// The Merkle Tree Hash of the first `size` entries (RFC 6962 §2.1). Errors: as above.
Result<Hash> tree_root(TileSource& source, TreeSize size);

// Whether `proof` leads from the leaf hash at `index` to `root` (RFC 9162 §2.1.3.2). kVerifyFailed when it does not,
// when it is too short or too long, and when index >= size.
Result<> verify_inclusion(const Hash& leaf, LeafIndex index, TreeSize size, std::span<const Hash> proof,
                          const Hash& root);

// Whether `proof` shows that the tree with `new_root` begins with the tree with `old_root` (RFC 9162 §2.1.4.2).
// Of equal sizes the roots must be equal and the proof empty. From the empty tree, which RFC 9162 leaves undefined,
// the proof must be empty and the old root the empty tree's. kVerifyFailed when it does not hold, or from > to.
Result<> verify_consistency(TreeSize from, TreeSize to, std::span<const Hash> proof, const Hash& old_root,
                            const Hash& new_root);

// The two roots that a consistency path leads to: RFC 9162 §2.1.4.2 without its comparisons. `path` is the proof after
// step 2: it begins with a node that ends the old tree, which a proof leaves out where the verifier has it, that is,
// where `from` is a power of two and the node is the old root itself.
// Whoever knows the new root thereby knows the old one, whatever somebody else says that it is.
struct ConsistencyRoots {
  Hash old_root{};
  Hash new_root{};
};

// kVerifyFailed unless the path has the length that the sizes ask for; kInvalidArgument unless 0 < from < to.
Result<ConsistencyRoots> consistency_roots(TreeSize from, TreeSize to, std::span<const Hash> path);

}  // namespace redoubt::tlog
