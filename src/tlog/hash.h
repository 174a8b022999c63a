// The hashes of an RFC 6962 Merkle tree (§2.1), with SHA-256, and the two numbers that are easily swapped.
//
// All functions: any thread; no failure; time depends on lengths only.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace redoubt::tlog {

using Hash = crypto::Sha256Digest;
inline constexpr std::size_t kHashSize = 32;

// Position of an entry in its log, from zero.
struct LeafIndex {
  std::uint64_t value = 0;
  friend auto operator<=>(LeafIndex, LeafIndex) = default;
};

// Number of entries of a tree: the entries [0, value).
struct TreeSize {
  std::uint64_t value = 0;
  friend auto operator<=>(TreeSize, TreeSize) = default;
};

// The largest tree that this module reads or makes. No format states a bound; this one leaves room to compute with
// sizes, and implementations with signed 64-bit sizes share it.
inline constexpr TreeSize kMaxTreeSize{(std::uint64_t{1} << 63) - 1};

// SHA-256(0x00 || entry): MTH of a single entry (RFC 6962 §2.1).
Hash leaf_hash(ByteView entry);

// SHA-256(0x01 || left || right): MTH of a node (RFC 6962 §2.1).
Hash node_hash(const Hash& left, const Hash& right);

// parents[i] = node_hash(children[2i], children[2i+1]). `parents` may be the front of `children`. Precondition:
// children.size() == 2 * parents.size().
void node_hashes(std::span<const Hash> children, std::span<Hash> parents);

// SHA-256 of nothing: MTH of the empty tree (RFC 6962 §2.1).
Hash empty_root();

}  // namespace redoubt::tlog
