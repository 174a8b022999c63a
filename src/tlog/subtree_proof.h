// Subtrees: runs of a log's entries that are Merkle trees of their own, and the proofs that lead into and out of them
// (draft-ietf-plants-merkle-tree-certs, section "Subtrees"; C2SP tlog-witness and tlog-mirror use them).
//
// The subtree [start, end) of a tree has the hash MTH(D[start:end]) (RFC 9162 §2.1.1). Only some intervals are
// subtrees: those whose start is a multiple of their size rounded up to a power of two. Every tree [0, n) is one.
//
// All functions: any thread; no tiles are read; time depends on public values.
#pragma once

#include <span>

#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::tlog {

// The entries [start, end), by their indices in the log.
struct Subtree {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // exclusive

  friend bool operator==(const Subtree&, const Subtree&) = default;
};

// Whether the interval is a subtree ("Definition of a Subtree"). The empty ones are.
bool is_valid_subtree(Subtree subtree);

// Whether `proof` leads from the hash of the entry at `index` (in the log) to `subtree_hash` ("Verifying a Subtree
// Inclusion Proof"). kVerifyFailed when it does not, when it is too short or too long, when `index` is not in the
// subtree, and when the interval is no subtree.
Result<> verify_subtree_inclusion(const Hash& leaf, LeafIndex index, Subtree subtree, std::span<const Hash> proof,
                                  const Hash& subtree_hash);

// Whether `proof` shows that the entries of the subtree with `subtree_hash` are those entries of the tree of this size
// with `root` ("Verifying a Subtree Consistency Proof"). With start 0 this is verify_consistency, with a single entry
// verify_inclusion. Of an empty subtree the proof must be empty and the hash the empty tree's; nothing is then said of
// the root. kVerifyFailed when it does not hold, when the subtree is not within the tree, and when the interval is no
// subtree.
Result<> verify_subtree_consistency(Subtree subtree, TreeSize size, std::span<const Hash> proof,
                                    const Hash& subtree_hash, const Hash& root);

}  // namespace redoubt::tlog
