#include "tlog/proof.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "tlog/frontier.h"
#include "tlog/internal/inclusion.h"
#include "tlog/internal/subtree.h"

namespace redoubt::tlog {
namespace {

// RFC 6962 §2.1: the largest power of two smaller than n. Precondition: n >= 2.
std::uint64_t split_point(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

bool is_odd(std::uint64_t n) {
  return (n & 1) != 0;
}

Error does_not_hold(const char* message) {
  return {Errc::kVerifyFailed, message};
}

template <class Source>
Result<std::vector<Hash>> make_inclusion_proof(Source& source, LeafIndex index, TreeSize size) {
  if (index.value >= size.value) return Error(Errc::kInvalidArgument, "the leaf index is not in the tree");
  if (size > kMaxTreeSize) return Error(Errc::kInvalidArgument, "the tree size is too large");
  // PATH(m, D[n]) walked from the root down, so the siblings come out last first.
  internal::SubtreeReader reader(source, size);
  std::vector<Hash> proof;
  proof.reserve(static_cast<std::size_t>(std::bit_width(size.value)));
  std::uint64_t begin = 0;
  for (std::uint64_t count = size.value; count > 1;) {
    const std::uint64_t k = split_point(count);
    const bool left = index.value - begin < k;
    const Result<Hash> sibling = left ? reader.range(begin + k, count - k) : reader.range(begin, k);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
    if (!left) begin += k;
    count = left ? k : count - k;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

template <class Source>
Result<std::vector<Hash>> make_consistency_proof(Source& source, TreeSize from, TreeSize to) {
  if (from > to) return Error(Errc::kInvalidArgument, "the first tree is larger than the second");
  if (to > kMaxTreeSize) return Error(Errc::kInvalidArgument, "the tree size is too large");
  std::vector<Hash> proof;
  if (from.value == 0 || from == to) return proof;
  // SUBPROOF(m, D[n], b) walked from the root down, so the hashes come out last first.
  internal::SubtreeReader reader(source, to);
  std::uint64_t begin = 0;
  std::uint64_t count = to.value;
  std::uint64_t m = from.value;
  bool whole = true;  // b: the subtree at hand is the whole old tree, whose root the verifier has
  while (m != count) {
    const std::uint64_t k = split_point(count);
    const bool left = m <= k;
    const Result<Hash> sibling = left ? reader.range(begin + k, count - k) : reader.range(begin, k);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
    if (left) {
      count = k;
    } else {
      begin += k;
      count -= k;
      m -= k;
      whole = false;
    }
  }
  if (!whole) {
    const Result<Hash> shared = reader.range(begin, count);
    if (!shared) return shared.error();
    proof.push_back(*shared);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace

Result<std::vector<Hash>> inclusion_proof(TileSource& source, LeafIndex index, TreeSize size) {
  return make_inclusion_proof(source, index, size);
}

Result<std::vector<Hash>> inclusion_proof(NodeCache& nodes, LeafIndex index, TreeSize size) {
  return make_inclusion_proof(nodes, index, size);
}

Result<std::vector<Hash>> consistency_proof(TileSource& source, TreeSize from, TreeSize to) {
  return make_consistency_proof(source, from, to);
}

Result<std::vector<Hash>> consistency_proof(NodeCache& nodes, TreeSize from, TreeSize to) {
  return make_consistency_proof(nodes, from, to);
}

Result<Hash> tree_root(TileSource& source, TreeSize size) {
  const Result<Frontier> frontier = Frontier::load(source, size);
  if (!frontier) return frontier.error();
  return frontier->root();
}

Result<Hash> internal::inclusion_root(const Hash& leaf, LeafIndex index, TreeSize size, std::span<const Hash> path) {
  // The steps and names of RFC 9162 §2.1.3.2.
  if (index >= LeafIndex{size.value}) return does_not_hold("the leaf index is not in the tree");
  std::uint64_t fn = index.value;
  std::uint64_t sn = size.value - 1;
  Hash r = leaf;
  for (const Hash& p : path) {
    if (sn == 0) return does_not_hold("the inclusion proof is too long");
    if (is_odd(fn) || fn == sn) {
      r = node_hash(p, r);
      for (; !is_odd(fn) && fn != 0; fn >>= 1) sn >>= 1;
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return does_not_hold("the inclusion proof is too short");
  return r;
}

Result<> verify_inclusion(const Hash& leaf, LeafIndex index, TreeSize size, std::span<const Hash> proof,
                          const Hash& root) {
  const auto computed = internal::inclusion_root(leaf, index, size, proof);
  if (!computed) return computed.error();
  if (*computed != root) return does_not_hold("the inclusion proof does not lead to the root");
  return {};
}

Result<> verify_consistency(TreeSize from, TreeSize to, std::span<const Hash> proof, const Hash& old_root,
                            const Hash& new_root) {
  if (from > to) return does_not_hold("the first tree is larger than the second");
  if (from == to || from.value == 0) {
    if (!proof.empty()) return does_not_hold("the consistency proof is too long");
    if (from == to && old_root != new_root) return does_not_hold("trees of one size have different roots");
    if (from.value == 0 && old_root != empty_root()) return does_not_hold("the root is not that of the empty tree");
    return {};
  }
  // Step 2: "If `first` is an exact power of 2, then prepend `first_hash` to the `consistency_path` array."
  std::vector<Hash> path(proof.begin(), proof.end());
  if (std::has_single_bit(from.value)) path.insert(path.begin(), old_root);
  const Result<ConsistencyRoots> roots = consistency_roots(from, to, path);
  if (!roots) return roots.error();
  if (roots->old_root != old_root) return does_not_hold("the consistency proof does not lead to the old root");
  if (roots->new_root != new_root) return does_not_hold("the consistency proof does not lead to the new root");
  return {};
}

Result<ConsistencyRoots> consistency_roots(TreeSize from, TreeSize to, std::span<const Hash> path) {
  if (from.value == 0 || from >= to) return Error(Errc::kInvalidArgument, "a path leads from a tree to a larger one");
  if (path.empty()) return does_not_hold("the consistency proof is too short");
  // The steps and names of RFC 9162 §2.1.4.2.
  std::uint64_t fn = from.value - 1;
  std::uint64_t sn = to.value - 1;
  for (; is_odd(fn); fn >>= 1) sn >>= 1;
  Hash fr = path.front();
  Hash sr = fr;
  for (const Hash& c : path.subspan(1)) {
    if (sn == 0) return does_not_hold("the consistency proof is too long");
    if (is_odd(fn) || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      for (; !is_odd(fn) && fn != 0; fn >>= 1) sn >>= 1;
    } else {
      sr = node_hash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return does_not_hold("the consistency proof is too short");
  return ConsistencyRoots{fr, sr};
}

}  // namespace redoubt::tlog
